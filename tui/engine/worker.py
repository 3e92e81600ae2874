"""The process of a detached run: `python -m tui.engine.worker FOLDER`, with a `Manner` as options."""

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
from tui.engine.manner import Manner
from tui.engine.notify.ending import announce
from tui.engine.open_files import raise_limit, too_many
from tui.engine.outcome import LOCAL, USAGE
from tui.engine.runner import work_on
from tui.engine.runs import RunBusy, RunFolder
from tui.oci.access import Access
from tui.oci.errors import LocalError
from tui.plan.errors import PlanFileError


def main(arguments: list[str]) -> int:
    """Work on the run in the folder that is the first argument and return the exit code."""
    folder = RunFolder(Path(arguments[0]))
    manner = Manner(
        only_generate="--only-generate" in arguments,
        failed_too="--failed-too" in arguments,
        only_asked="--only-asked" in arguments,
    )
    gc.freeze()
    raise_limit()
    try:
        given = receive(os.dup(sys.stdin.fileno()))
        return asyncio.run(_work(folder, manner, given))
    except (EndpointsError, PlanFileError, RunBusy) as error:
        return _say(error, USAGE)
    except (JournalError, LocalError) as error:
        return _say(error, LOCAL)
    except (OSError, ImportError) as error:
        if local := too_many(error):
            return _say(local, LOCAL)
        raise


async def _work(folder: RunFolder, manner: Manner, given: dict[str, Access]) -> int:
    with JournalReader(folder.journal) as reader:
        logins = LoginSources.from_document(reader.meta("logins"))
    opened = logins.opened(ask=None, warn=lambda message: print(f"warning: {message}"), given=given)
    async with opened as (source, target):
        code = await work_on(folder, source, target, manner)
    if not manner.only_generate:
        await announce(folder, code, os.environ, lambda message: print(f"warning: {message}"))
    return code


def _say(error: Exception, code: int) -> int:
    print(f"{error}\n  {getattr(error, 'hint', '')}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
