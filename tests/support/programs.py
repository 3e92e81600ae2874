"""Programs of the system the tests use: where they are, and what to do when they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEBIAN_PACKAGE = {
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "tmux": "tmux",
    "gnome-keyring-daemon": "gnome-keyring",
    "dbus-run-session": "dbus",
}
"""Program name to the Debian package that holds it; `tests/run.sh` installs the same list."""

_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin"))


def find(program: str) -> Path | None:
    """Return where `program` is, or None when it is not installed."""
    found = shutil.which(program, path=_SEARCH)
    return Path(found) if found else None


def path_of(program: str) -> Path:
    """Return where `program` is. Raises FileNotFoundError which names the Debian package."""
    found = find(program)
    if found is None:
        raise FileNotFoundError(_reason(program))
    return found


def require(*programs: str) -> None:
    """Skip the running test when one of `programs` is missing; under CI=true fail it instead.

    A laptop without the servers still runs everything else, while the build machine cannot lose a suite silently.
    """
    for program in programs:
        if find(program) is not None:
            continue
        if on_build_machine():
            pytest.fail(f"{_reason(program)}; under CI=true this is a failure, not a skip", pytrace=False)
        pytest.skip(_reason(program))


def on_build_machine() -> bool:
    """Return whether the environment says CI=true."""
    return os.environ.get("CI", "").lower() in ("true", "1", "yes")


def _reason(program: str) -> str:
    return f"{program} is not installed (Debian package: {DEBIAN_PACKAGE.get(program, program)})"


def skopeo(*arguments: str) -> bytes:
    """Return what skopeo prints. Raises AssertionError with what it complains about."""
    done = subprocess.run([str(path_of("skopeo")), *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
