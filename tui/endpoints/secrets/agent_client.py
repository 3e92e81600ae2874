"""Our end of the helper process for the OS keyring: started when first needed, asked one thing at a time, killed
when it does not answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tui.endpoints.processes import end_session

_PROGRAM = Path(__file__).with_name("agent") / "__main__.py"
_START_SECONDS = 15.0
_LINE_LIMIT = 1024 * 1024
# fmt: off
_PASSED_ON = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "DISPLAY", "WAYLAND_DISPLAY",
    "XAUTHORITY", "PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "GNOME_KEYRING_CONTROL", "LD_LIBRARY_PATH",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE", "TEMP", "TMP",
))
# fmt: on
_PREFIXES_PASSED_ON = ("LC_", "XDG_", "KEYRING_PROPERTY_")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the helper said: a reason (`ready`, or a word for what is wrong) and the value asked for."""

    reason: str
    value: str | None = field(default=None, repr=False)


class KeyringAgent:
    """Asks the helper process; never blocks the event loop, and always answers within its limits.

    Reasons of its own: `timeout` (the helper was killed), `broken` (it ended or answered nonsense, twice) and
    `no-helper` (it cannot be started). Belongs to one event loop; `close` ends the helper, which also ends with us.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, *, command: Sequence[str] = ()) -> None:
        self._environ = environ
        self._command = tuple(command) or (sys.executable, "-I", str(_PROGRAM))
        self._child: asyncio.subprocess.Process | None = None
        self._serial = 0
        self._one_at_a_time = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id of the helper, None while there is none."""
        return self._child.pid if self._child else None

    async def ask(self, op: str, *, seconds: float, **fields: str) -> Answer:
        """Return the answer to one request, or the reason why there is none within about `seconds`."""
        async with self._one_at_a_time:
            answer = await self._try(op, seconds, fields)
            if answer.reason == "broken":  # killed while it was idle, perhaps: requests may be repeated
                answer = await self._try(op, seconds, fields)
            return answer

    async def close(self) -> None:
        """End the helper."""
        child, self._child = self._child, None
        if child is not None:
            await end_session(child)

    async def _try(self, op: str, seconds: float, fields: Mapping[str, str]) -> Answer:
        answer = Answer("broken")
        try:
            if self._child is None:
                async with asyncio.timeout(_START_SECONDS):
                    answer = await self._start()
                if answer.reason != "ready":
                    return answer
            assert self._child is not None
            answer = Answer("broken")
            self._serial += 1
            request = {"id": self._serial, "op": op, "seconds": seconds, **fields}
            async with asyncio.timeout(seconds):
                answer = await self._exchange(self._child, json.dumps(request), self._serial)
        except TimeoutError:
            answer = Answer("timeout")
        finally:
            # Also when cancelled: an answer that nobody waits for must not be taken for that to the next request.
            if answer.reason in ("timeout", "broken"):
                await self.close()
        return answer

    async def _start(self) -> Answer:
        environ = {
            name: value
            for name, value in self._environ.items()
            if name.upper() in _PASSED_ON or name.startswith(_PREFIXES_PASSED_ON)
        }
        try:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environ,
                limit=_LINE_LIMIT,
                start_new_session=True,
            )
        except OSError:
            return Answer("no-helper")
        return await self._exchange(self._child, json.dumps({"path": [place for place in sys.path if place]}), 0)

    async def _exchange(self, child: asyncio.subprocess.Process, line: str, serial: int) -> Answer:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(line.encode() + b"\n")
            await child.stdin.drain()
            answered = await child.stdout.readline()
        except (ConnectionError, ValueError):  # it has ended; or the line is longer than any answer of ours
            return Answer("broken")
        return _answer(answered, serial)


def _answer(line: bytes, serial: int) -> Answer:
    try:
        fields = json.loads(line)
    except ValueError:
        return Answer("broken")
    match fields:
        case {"id": number, "reason": str(reason)} if number == serial:
            value = fields.get("value")
            return Answer(reason, value if isinstance(value, str) else None)
    return Answer("broken")
