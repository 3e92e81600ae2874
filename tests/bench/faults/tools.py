"""The tools under the same faults: how each is asked to copy, and how it goes on after it was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import environment
from tests.support.programs import path_of
from tests.support.registry import Login

PATIENCE = 5.0
"""Seconds without a byte after which regferry leaves a connection here; its users' value is 60."""
PARALLEL = 4


@dataclass(frozen=True)
class Job:
    """Copy `names` (repository:tag) from `source` to `target`, both `host:port`, with files below `folder`."""

    folder: Path
    source: str
    target: str
    names: Sequence[str]
    login: Login | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return (source, target) of every name."""
        return [(f"{self.source}/{name}", f"{self.target}/{name}") for name in self.names]

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command in this job's folder, in a group of its own; what it says goes to a file there."""
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                cwd=self.folder, env=environment(self.folder),
            )  # fmt: skip
        _started.append(process)
        return process


class Regferry:
    """One run for everything; a second call goes on with it."""

    name = "regferry"

    def command(self, job: Job) -> list[str]:
        """Return the command that does, or goes on with, a job."""
        start = [sys.executable, "-m", "tests.faults.hurried", str(PATIENCE)]
        if list((job.folder / "state").glob("runs/*/journal.sqlite")):
            return [*start, "runs", "resume", "last", "--json"]
        plan = job.folder / "plan.toml"
        rules = [f'[[rule]]\nsource = "{source}"\ntarget = "{target}"\n' for source, target in job.pairs()]
        plan.write_text('version = 1\nname = "faults"\n' + "".join(rules))
        return [*start, "run", str(plan), "--json"]


class Skopeo:
    """`skopeo copy --retry-times 3` for every tag, four at a time; a second call does all of them again."""

    name = "skopeo"

    def command(self, job: Job) -> list[str]:
        """Return the command that does a job."""
        words = ["--insecure-policy", "copy", "--retry-times", "3", "--src-tls-verify=false", "--dest-tls-verify=false"]
        if job.login is not None:
            words += ["--dest-creds", f"{job.login.username}:{job.login.password}"]
        pairs = job.folder / "pairs"
        pairs.write_text("".join(f"docker://{source} docker://{target}\n" for source, target in job.pairs()))
        return ["xargs", "-a", str(pairs), "-P", str(PARALLEL), "-L", "1", str(path_of("skopeo")), *words]


_started: list[subprocess.Popen[bytes]] = []


def end_all() -> None:
    """End whatever was started and is still running."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            end(process)


Tool = Regferry | Skopeo
TOOLS: tuple[Tool, ...] = (Regferry(), Skopeo())


def wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Wait for a process and return its exit status; None when it had to be ended after `seconds`."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        end(process)
        return None


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all that it started."""
    # The group is named by the leader's id, also when the leader is gone.
    subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], capture_output=True, check=False)
    process.wait()
    time.sleep(0.1)
