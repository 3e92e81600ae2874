"""The app under measurement, on one run: `python -m tests.bench.watching.watcher FOLDER REPORT_FD`.

It opens on its first place and goes to the run when a key says so, as a user does. What it writes to the file
descriptor: the moment (monotonic clock) when imports were over.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import monotonic
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.app.app import RegferryApp
from tui.app.session import Session
from tui.engine.runs import RunFolder

IMPORTED = monotonic()


class Watcher(RegferryApp):
    """The app, with a key for the run."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("W", "watch", "Watch", show=False)]
    folder = RunFolder(Path(sys.argv[1]))

    async def action_watch(self) -> None:
        """Show the run."""
        await self.show_run(self.folder)


def main() -> None:
    app = Watcher(Session())
    os.write(int(sys.argv[2]), f"{IMPORTED}\n".encode())
    app.run()


if __name__ == "__main__":
    main()
