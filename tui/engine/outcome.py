"""How a run ended, as the exit code every command gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.engine.tasks import Failure

WELL = 0
FAILED = 1
USAGE = 2
RETRYABLE = 3
CREDENTIALS = 4
LOCAL = 5
STOPPED = 6

MEANING = {
    WELL: "all well",
    FAILED: "failures left that will not go away by themselves",
    USAGE: "usage or configuration",
    RETRYABLE: "failures left that may go well another time",
    CREDENTIALS: "a login was refused or is missing",
    LOCAL: "this machine was the obstacle",
    STOPPED: "stopped on request, can be resumed",
}


def exit_code(failures: Iterable[Failure]) -> int:
    """Return the exit code of a run with these failures left: what a person must mend first decides."""
    left = list(failures)
    kinds = {failure.error_class for failure in left}
    if "LOCAL" in kinds:
        return LOCAL
    if "AUTH" in kinds:
        return CREDENTIALS
    if any(not failure.retryable for failure in left):
        return FAILED
    return RETRYABLE if left else WELL
