"""Real registries behind proxies that break links, and the command line with less patience than its users'."""

from __future__ import annotations

import glob
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scripted import CHUNK
from tests.support.cli import Cli, Result, environment
from tests.support.programs import require
from tests.support.registry import RealRegistry
from tests.support.tcp_proxy import LinkFault, TcpProxy

MB = 1_000_000
IDLE = 2.0
"""Seconds without a byte after which a connection is given up here."""

PLAIN = ("--src-plain-http", "--dest-plain-http")


@dataclass(frozen=True)
class Ferry(Cli):
    """The command line as `tests.faults.hurried` runs it."""

    def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start and return at once."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=environment(self.folder, env),
        )  # fmt: skip

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = 120,
    ) -> Result:
        """Run to the end. Raises subprocess.TimeoutExpired, and then nothing is left running."""
        finished = subprocess.run(
            self.command(*arguments),
            input=input or "", capture_output=True, text=True,
            cwd=self.folder, env=environment(self.folder, env), timeout=timeout, check=False,
        )  # fmt: skip
        return Result(tuple(map(str, arguments)), finished.returncode, finished.stdout, finished.stderr)

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the whole command line."""
        return [sys.executable, "-m", "tests.faults.hurried", str(IDLE), *map(str, arguments)]

    def copy(self, source: str, target: str, *options: str, timeout: float = 120) -> Result:
        """Copy one reference or repository over plain HTTP."""
        return self.run("copy", source, target, "--json", *PLAIN, *options, timeout=timeout)

    def write_plan(self, source: str, target: str, **options: int) -> Path:
        """Write a plan for everything at `source`, under the same names, and return its path."""
        lines = ["version = 1", 'name = "faults"', "[options]"]
        lines += [f"{name} = {value}" for name, value in options.items()]
        lines += ["[[rule]]", f'source = "{source}/*"', f'target = "{target}/{{path}}"']
        path = self.folder / "plan.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def runs(self) -> list[str]:
        """Return the runs there are, by their folders."""
        return [path.parent.name for path in (self.folder / "state").glob("runs/*/journal.sqlite")]

    def newest_run(self) -> str:
        """Return the name of the run that was started last."""
        listed = self.run("runs", "list", "--json")
        assert listed.exit == 0, str(listed)
        run: str = listed.json()["runs"][0]["run"]
        return run

    def attempts(self, run: str) -> list[dict[str, Any]]:
        """Return the attempts of tasks and rules that failed."""
        shown = self.run("runs", "show", run, "--json")
        assert shown.exit == 0, str(shown)
        attempts: list[dict[str, Any]] = shown.json()["attempts"]
        return attempts

    def log(self, run: str) -> str:
        """Return the log of a run."""
        return (self.folder / "state" / "runs" / run / "log.jsonl").read_text()


def tag_count(registry: RealRegistry) -> int:
    """Return how many tags there are, by the storage: no request that could meet a fault."""
    pattern = str(registry.root / "docker/registry/v2/repositories/**/_manifests/tags/*/current/link")
    return len(glob.glob(pattern, recursive=True))  # noqa: PTH207 - pathlib minds folders that come and go


Behind = Callable[..., TcpProxy]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses real registries `real`."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "source" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine in this process take small blobs for large ones."""
    monkeypatch.setattr("tui.engine.blob_work.CHUNK", CHUNK)
    monkeypatch.setattr("tui.engine.blob_source._PROGRESS_THAT_COUNTS", 500)


@pytest.fixture
def ferry(tmp_path: Path) -> Ferry:
    """The command line with settings, state and logins of its own."""
    return Ferry(tmp_path)


@pytest.fixture
def source() -> Iterator[RealRegistry]:
    """An open registry to copy from."""
    require("docker-registry", "skopeo")
    with RealRegistry() as registry:
        yield registry


@pytest.fixture
def target() -> Iterator[RealRegistry]:
    """An open, empty registry to copy to."""
    with RealRegistry() as registry:
        yield registry


@pytest.fixture
def behind() -> Iterator[Behind]:
    """Put a proxy with faults in front of a registry: `behind(registry, LinkFault(...), seed=1)`."""
    with ExitStack() as stack:

        def put(registry: RealRegistry, *faults: LinkFault, seed: int = 0) -> TcpProxy:
            return stack.enter_context(TcpProxy(registry.address, *faults, seed=seed))

        yield put
