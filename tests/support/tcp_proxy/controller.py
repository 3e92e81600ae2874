"""The side of the tests: starts the process of the proxy and gives it orders."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.tcp_proxy.faults import LinkFault, LinkStats

_REPOSITORY = Path(__file__).resolve().parents[3]


class TcpProxy:
    """A proxy process in front of `target` (`host:port`). Use as a context manager; thread-safe."""

    def __init__(self, target: str, *faults: LinkFault, seed: int = 0) -> None:
        self.target = target
        self.address = ""
        self._faults = faults
        self._seed = seed
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.tcp_proxy", self.target, str(self._seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the proxy ended with {self._process.wait()}")
        self.address = f"127.0.0.1:{line.strip()}"
        self.faults(*self._faults)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def faults(self, *faults: LinkFault) -> None:
        """Replace the faults; what was counted for the old ones is forgotten."""
        self._order("faults", faults=[asdict(fault) for fault in faults])

    def shape(self, *, latency: float = 0.0, bandwidth: float = 0.0) -> None:
        """Delay every byte by `latency` seconds each way, let `bandwidth` bytes per second pass each way (0 all)."""
        self._order("shape", latency=latency, bandwidth=bandwidth)

    def cut(self, seconds: float, *, silently: bool = False) -> None:
        """Break every connection and refuse new ones for so long; `silently` nothing passes and nobody is told.

        A later order replaces an earlier one: `cut(0)` resets all and lets everything pass again.
        """
        self._order("cut", seconds=seconds, silently=silently)

    def reset_all(self) -> None:
        """Reset every open connection once."""
        self._order("reset_all")

    def stats(self) -> LinkStats:
        """Return what passed."""
        return LinkStats(**self._order("stats"))

    def forget(self) -> None:
        """Count from zero again."""
        self._order("forget")

    def _order(self, verb: str, **values: object) -> dict[str, Any]:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"verb": verb, **values}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the proxy ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
