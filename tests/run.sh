#!/usr/bin/env bash
# The one check of this project: installs what is missing, then lint, format, types and tests.
#
#   bash tests/run.sh [pytest arguments]
#
# Virtual environment: $REGFERRY_VENV, else the active one, else .venv (made when missing).
# The real-server tests need Debian packages; without the right to install them they skip and say so,
# but with CI=true that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

declare -A package_of=(
  [docker-registry]=docker-registry
  [skopeo]=skopeo
  [tmux]=tmux
  [gnome-keyring-daemon]=gnome-keyring
  [dbus-run-session]=dbus
  [fc-list]=fontconfig
)

missing_packages() {
  local program
  for program in "${!package_of[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || printf '%s\n' "${package_of[$program]}"
  done | sort
  PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | grep -q 'libcairo\.so\.2' || echo libcairo2 # draws the PNG pictures
}

# Installing docker-registry would start it on port 5000; Debian asks policy-rc.d first.
without_services() {
  local policy=/usr/sbin/policy-rc.d made=
  if "${as_root[@]}" test ! -e "$policy"; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made=yes
  fi
  local status=0
  "$@" || status=$?
  [ -z "$made" ] || "${as_root[@]}" rm -f "$policy"
  return "$status"
}

install_packages() {
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
  else
    return 1
  fi
  local install=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  "${as_root[@]}" apt-get update -q || true # an old list may still do
  without_services "${install[@]}" || return 1
  case " $* " in
    *" docker-registry "*)
      if [ -d /run/systemd/system ]; then
        "${as_root[@]}" systemctl disable --now docker-registry || true # enabled by its package, not by us
      fi
      ;;
  esac
}

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
  say "installing ${missing[*]}"
  if ! install_packages "${missing[@]}"; then
    if [ "${CI:-}" = true ]; then
      echo "cannot install ${missing[*]}, and CI=true asks for every test" >&2
      exit 1
    fi
    echo "cannot install ${missing[*]}; the tests that need them will skip"
  fi
fi

venv=${REGFERRY_VENV:-${VIRTUAL_ENV:-.venv}}
if [ ! -x "$venv/bin/python" ]; then
  say "virtual environment $venv"
  for python in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      break
    fi
    python=
  done
  [ -n "$python" ] || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
  "$python" -m venv "$venv"
fi

# Again only when the list of packages or this place changed.
stamp="$venv/regferry-$( (pwd; cat pyproject.toml) | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
  say "installing regferry[dev] into $venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -e '.[dev]'
  rm -f "$venv"/regferry-????????????????
  touch "$stamp"
fi

say "ruff check";          "$venv/bin/python" -m ruff check .
say "ruff format --check"; "$venv/bin/python" -m ruff format --check .
say "mypy";                "$venv/bin/python" -m mypy
# Three at a time, a file always by one: most of the time they wait for servers.
say "pytest";              exec "$venv/bin/python" -m pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
