"""Work on a run in this process, show how it goes, and print what it came to."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui.engine import report
from tui.engine.journal.reader import JournalReader
from tui.engine.logins import LoginSources
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Plan


def with_options(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """Return the plan with the options that were given on the command line (not None, not False, not empty)."""
    changed = {name: value for name, value in given.items() if value is not None and value is not False and value != ()}
    options: Options = replace(plan.options, **changed)
    return replace(plan, options=options)


def start(
    plan: Plan,
    logins: LoginSources,
    *,
    as_json: bool,
    only_generate: bool = False,
    log: Path | None = None,
) -> tuple[RunFolder, int]:
    """Make a run of `plan` and work on it in the foreground; return its folder and exit code."""
    from tui.endpoints.locations import state_dir
    from tui.oci.tls import read_ahead

    read_ahead()  # while the engine is imported, and the run is made on the disk
    from tui.engine.manner import Manner
    from tui.engine.runner import make_run

    meta = {"logins": logins.to_document(), "log": str(log.absolute()) if log else ""}
    folder = make_run(state_dir(), plan, meta)
    manner = Manner(only_generate=only_generate, logs=(log,) if log else ())
    return folder, go_on(folder, logins, manner, as_json=as_json)


def go_on(folder: RunFolder, logins: LoginSources, manner: Any, *, as_json: bool) -> int:
    """Work on an existing run in the foreground and return its exit code."""
    return in_loop(lambda: _work(folder, logins, manner, as_json))


def in_loop(work: Callable[[], Any]) -> int:
    """Run a coroutine to its end and return the exit code it gives."""
    from tui.engine.open_files import raise_limit

    raise_limit()
    # What start-up made stays for the whole process: the collector need not look at it again and again.
    gc.freeze()
    code: int = asyncio.run(work())
    return code


async def _work(folder: RunFolder, logins: LoginSources, manner: Any, as_json: bool) -> int:
    from tui.cli.progress import shown
    from tui.endpoints.secrets.passphrase import passphrase_source
    from tui.engine.runner import work_on

    opened = logins.opened(ask=passphrase_source(), warn=warn)
    async with opened as (source, target), shown(folder.journal, quiet=as_json):
        code = await work_on(folder, source, target, manner)
    if not manner.only_generate:
        from tui.engine.notify.ending import announce

        await announce(folder, code, os.environ, warn)
    return code


def print_outcome(folder: RunFolder, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print the report of a run: one JSON document, or a summary for people."""
    from tui.cli.summary import summary

    with JournalReader(folder.journal) as reader:
        document = {**report.document(reader, folder.name), **(more or {})}
        notices = report.notices(reader)
    if as_json:
        _print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print(summary(document, notices))


def print_forecast(folder: RunFolder, code: int, *, as_json: bool, out: Path | None = None) -> None:
    """Print what a run is going to do, and write it to a file (JSON) if one is given."""
    from tui.cli.files import write_text
    from tui.cli.forecast import forecast_lines
    from tui.engine.forecast import forecast

    with JournalReader(folder.journal) as reader:
        document = {"run": folder.name, "exit": code, **forecast(reader)}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if out is not None:
        write_text(out, text + "\n")
    _print(text if as_json else "\n".join(forecast_lines(document)))


def _print(text: str) -> None:
    """Print; when the terminal or the reader of a pipe went away there is nobody to tell, and the journal has it."""
    try:
        print(text, flush=True)
    except OSError as error:
        if error.errno not in (errno.EIO, errno.EPIPE):
            raise
        # What is still unwritten would fail again as the process ends, and change its exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(message: str) -> None:
    """Print a warning."""
    print(f"warning: {message}", file=sys.stderr)


def warn_all(messages: Iterable[object]) -> None:
    """Print warnings."""
    for message in messages:
        warn(str(message))
