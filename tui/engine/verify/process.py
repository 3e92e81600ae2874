"""The process of a detached verification: `python -m tui.engine.verify.process FOLDER [--deep] [--extra]`."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

from tui.endpoints.errors import EndpointsError
from tui.endpoints.handover import receive
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.logins import LoginSources
from tui.engine.outcome import LOCAL, USAGE
from tui.engine.runs import RunBusy, RunFolder
from tui.engine.verify.record import Manner
from tui.engine.verify.work import verify_run
from tui.oci.access import Access
from tui.oci.errors import LocalError
from tui.plan.errors import PlanFileError


def main(arguments: list[str]) -> int:
    """Verify the run in the folder that is the first argument and return the exit code."""
    folder = RunFolder(Path(arguments[0]))
    manner = Manner(deep="--deep" in arguments, extra="--extra" in arguments)
    gc.freeze()
    try:
        return asyncio.run(_work(folder, manner, receive(os.dup(sys.stdin.fileno()))))
    except (EndpointsError, PlanFileError, RunBusy) as error:
        return _say(error, USAGE)
    except (JournalError, LocalError) as error:
        return _say(error, LOCAL)


async def _work(folder: RunFolder, manner: Manner, given: dict[str, Access]) -> int:
    with JournalReader(folder.journal) as reader:
        logins = LoginSources.from_document(reader.meta("logins"))
    opened = logins.opened(ask=None, warn=lambda message: print(f"warning: {message}"), given=given)
    async with opened as (_, target):
        return (await verify_run(folder, target, manner)).exit


def _say(error: Exception, code: int) -> int:
    print(f"{error}\n  {getattr(error, 'hint', '')}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
