"""An error that ends a command, as words for a person or as JSON, and as an exit code."""

from __future__ import annotations

import json
import sys

import click

from tui.engine.outcome import CREDENTIALS, FAILED, LOCAL, RETRYABLE, USAGE
from tui.oci.errors import LocalError, RegistryError, Unauthenticated


def report(error: Exception, *, as_json: bool) -> int | None:
    """Print why the command cannot go on and return its exit code; None for an error that is a fault of ours."""
    from tui.engine.open_files import too_many

    error = too_many(error) or error
    code = _exit_code(error)
    if code is None:
        return None
    message = error.format_message() if isinstance(error, click.ClickException) else str(error)
    hint = str(getattr(error, "hint", ""))
    if as_json:
        print(json.dumps({"exit": code, "error": {"message": message, "hint": hint}}, ensure_ascii=False))
    else:
        print(f"regferry: {message}", file=sys.stderr)
        if hint:
            print(f"  {hint}", file=sys.stderr)
    return code


def _exit_code(error: Exception) -> int | None:
    from tui.endpoints.errors import EndpointsError, SecretStoreError
    from tui.engine.journal.schema import JournalError
    from tui.engine.mirror.look import MirrorRefused
    from tui.engine.runs import RunBusy, UnknownRun
    from tui.oci.reference import InvalidReference
    from tui.plan.errors import PlanFileError, RuleError
    from tui.repeat.times import TimesError

    match error:
        case (
            click.ClickException()
            | PlanFileError()
            | RuleError()
            | InvalidReference()
            | TimesError()
            | UnknownRun()
            | RunBusy()
        ):
            return USAGE
        case MirrorRefused():
            return FAILED
        case SecretStoreError() | Unauthenticated():
            return CREDENTIALS
        case EndpointsError():
            return USAGE
        case LocalError() | JournalError():
            return LOCAL
        case RegistryError():
            return RETRYABLE if error.retryable else FAILED
    return None
