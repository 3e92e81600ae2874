"""Orders to a run: through its journal while a process works on it, else by starting one."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.endpoints.errors import EndpointsError
from tui.engine.journal.reader import give_order
from tui.engine.journal.schema import JournalError
from tui.engine.runs import RunFolder
from tui.oci.errors import RegistryError

if TYPE_CHECKING:
    from tui.app.session import Session

STEERING_ERRORS = (JournalError, RegistryError, EndpointsError, OSError)
"""What starting a process or giving an order raises."""
LEAST, MOST = 1, 256
"""How many images may be copied at once."""


class Steering:
    """Steers one run. Orders raise JournalError when they cannot be written down.

    `process` is the process started here last, while it has not ended.
    """

    def __init__(self, session: Session, folder: RunFolder, process: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder
        self._session = session
        self._process = process

    @property
    def started(self) -> bool:
        """Whether a process started here has not ended; asking also takes note of its end."""
        return self._process is not None and self._process.poll() is None

    async def start(self, *, failed_too: bool = False, only_asked: bool = False) -> subprocess.Popen[bytes]:
        """Start a process that does what is left, with what failed before as well if `failed_too`, and return it.

        `only_asked` leaves out of what failed all that nobody asked for.

        Raises Unauthenticated or EndpointsError when a login cannot be had, OSError when no process can be started.
        """
        self._process = await self._session.start(self.folder, failed_too=failed_too, only_asked=only_asked)
        return self._process

    async def order(self, verb: str, argument: str = "") -> None:
        """Tell the process that works on the run."""
        await asyncio.to_thread(give_order, self.folder.journal, verb, argument)

    async def retry(self, tasks: Iterable[int], *, working: bool) -> None:
        """Try these tasks again: after this round, or at once in a new process when none is working.

        Raises what `start` raises.
        """
        await self._about_tasks("retry", tasks)
        if not working:
            await self.start(only_asked=True)

    async def skip(self, tasks: Iterable[int]) -> None:
        """Leave these tasks out; without a process, as soon as the run goes on."""
        await self._about_tasks("skip", tasks)

    async def _about_tasks(self, verb: str, tasks: Iterable[int]) -> None:
        numbers = ",".join(map(str, tasks))
        if numbers:
            await self.order(verb, numbers)
