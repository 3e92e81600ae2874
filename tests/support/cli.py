"""Run the command line as a user would: a process of its own, with settings and logins of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.registry import Login, RealRegistry

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """What a finished process left: exit status (negative when a signal killed it), standard output and error."""

    arguments: tuple[str, ...]
    exit: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return standard output as the one JSON object it must be. Raises AssertionError with all output."""
        try:
            document = json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"standard output is not one JSON document ({error})\n{self}") from error
        assert isinstance(document, dict), f"standard output is no JSON object\n{self}"
        return document

    def expect(self, status: int) -> dict[str, Any]:
        """Return the JSON document after checking that the exit status is `status`, there and in the document."""
        assert self.exit == status, f"expected exit {status}\n{self}"
        document = self.json()
        assert document["exit"] == status, str(self)
        return document

    def __str__(self) -> str:
        command = " ".join(self.arguments)
        return f"regferry {command}\nexit {self.exit}\n--- out\n{self.out[-6000:]}\n--- err\n{self.err[-6000:]}"


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which every setting, state and login lives below `folder`."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "DOCKER_CONFIG": str(folder / "docker"),
        "REGFERRY_CONFIG_DIR": str(folder / "config"),
        "REGFERRY_STATE_DIR": str(folder / "state"),
        "PYTHONPATH": str(REPOSITORY),
        # Not the keyring of whoever runs the tests.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        **(extra or {}),
    }


def start_cli(*arguments: str | Path, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command line below `folder` without waiting for it; output goes to pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=folder, env=environment(folder, env),
    )  # fmt: skip


def run_cli(
    *arguments: str | Path,
    folder: Path,
    env: Mapping[str, str] | None = None,
    input: str | None = None,
    timeout: float = 120,
) -> Result:
    """Run the command line below `folder` to its end. Raises subprocess.TimeoutExpired after `timeout` seconds."""
    finished = subprocess.run(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        input=input if input is not None else "", capture_output=True, text=True,
        cwd=folder, env=environment(folder, env), timeout=timeout, check=False,
    )  # fmt: skip
    return Result(tuple(map(str, arguments)), finished.returncode, finished.stdout, finished.stderr)


@dataclass(frozen=True)
class Cli:
    """The command line bound to a folder: settings, state and the files a test writes."""

    folder: Path

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = 120,
    ) -> Result:
        """Run to the end."""
        return run_cli(*arguments, folder=self.folder, env=env, input=input, timeout=timeout)

    def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start and return at once."""
        return start_cli(*arguments, folder=self.folder, env=env)

    def write(self, name: str, value: object) -> Path:
        """Write a file the command line will read: YAML or JSON by the ending of `name`."""
        path = self.folder / name
        path.write_text(json.dumps(value) if path.suffix == ".json" else yaml.safe_dump(value))
        return path

    def docker_login(self, *logins: tuple[str, Login]) -> None:
        """Write a docker config.json with these `(registry address, login)` pairs."""
        folder = self.folder / "docker"
        folder.mkdir(exist_ok=True)
        auths = {
            address: {"auth": base64.b64encode(f"{login.username}:{login.password}".encode()).decode()}
            for address, login in logins
        }
        (folder / "config.json").write_text(json.dumps({"auths": auths}))

    def sync(
        self,
        rules: Mapping[str, str | list[str]],
        *registries: RealRegistry,
        options: tuple[str | Path, ...] = ("--retries", "1"),
        timeout: float = 240,
    ) -> Result:
        """Run `sync --json` with image-syncer's split files: the rules, and the logins of `registries`."""
        arguments = self.sync_arguments(rules, *registries, options=("--json", *options))
        return self.run(*arguments, timeout=timeout)

    def sync_arguments(
        self,
        rules: Mapping[str, str | list[str]],
        *registries: RealRegistry,
        options: tuple[str | Path, ...] = (),
    ) -> tuple[str | Path, ...]:
        """Write the split files and return the arguments of the `sync` which reads them."""
        images = self.write("images.yaml", dict(rules))
        auth = self.write("auth.yaml", {registry.address: auth_entry(registry) for registry in registries})
        return ("sync", "--auth", auth, "--images", images, *options)


def auth_entry(registry: RealRegistry) -> dict[str, Any]:
    """Return image-syncer's auth entry for a registry: the login, and `insecure` for a CA nobody knows."""
    entry: dict[str, Any] = {}
    if registry.login is not None:
        entry |= {"username": registry.login.username, "password": registry.login.password}
    if registry.scheme == "https":
        entry["insecure"] = True
    return entry
