"""The run that a command is about."""

from __future__ import annotations

from typing import Any

import click

run_argument = click.argument("name", metavar="[RUN]", default="last")


def find(name: str) -> Any:
    """Return the folder of a run. Raises UnknownRun."""
    from tui.endpoints.locations import state_dir
    from tui.engine.runs import find_run

    return find_run(state_dir(), name)


def opened(name: str) -> tuple[Any, Any]:
    """Return the folder of a run and a reader of its journal. Raises UnknownRun, JournalError."""
    from tui.engine.journal.reader import JournalReader

    folder = find(name)
    return folder, JournalReader(folder.journal)


def logins_of(reader: Any) -> Any:
    """Return where a run finds its logins."""
    from tui.engine.logins import LoginSources

    return LoginSources.from_document(reader.meta("logins"))
