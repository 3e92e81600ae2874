"""Acts and faults for registries that ask to slow down."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from tests.support import flaky
from tests.support.faults.script import Act, Fault, Turn
from tests.support.faults.when import always
from tests.support.faults.windows import Windows
from tui.demo.refusal import Refusal


def throttled(method: str, path: str, windows: Windows, *, status: int = 429) -> Fault:
    """Return a fault that refuses what matches while a window is open."""
    return Fault(method, path, _act(windows, status), always(), "throttled")


def _act(windows: Windows, status: int) -> Act:
    async def act(turn: Turn) -> web.StreamResponse:
        if not windows.refuses():
            return await turn.proceed()
        async for _ in turn.request.content.iter_any():
            pass
        return Refusal(status, "TOOMANYREQUESTS", "slow down", headers=windows.headers()).response()

    return act


@dataclass
class Storm(flaky.Fault):
    """The same for the proxy in front of a real registry: `times` and `headers` follow the windows."""

    windows: Windows = field(default_factory=lambda: Windows(1, after=0))

    def takes(self, method: str, path: str) -> bool:
        """Return whether this request is refused."""
        counted, self.times = self.matched, 1 << 60
        if not super().takes(method, path) or self.matched == counted:
            return False
        if not self.windows.refuses():
            return False
        self.headers = self.windows.headers()
        return True


def storm(windows: Windows, method: str = ".*", path: str = "/v2/.", *, status: int = 429) -> Storm:
    """Return a fault for `FlakyProxy` that refuses everything that matches while a window is open."""
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'
    return Storm(method, path, 0, status=status, body=body, windows=windows)
