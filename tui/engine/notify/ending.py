"""What happens when a run has ended: its figures are written and whoever wants to know is told.

Neither ever changes what the run came to: what goes wrong here is said, and put into the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.engine.log import RunLog
from tui.engine.report import document
from tui.engine.runs import RunFolder
from tui.oci.errors import LocalError
from tui.plan.model import from_document
from tui.plan.notify import Notify

Say = Callable[[str], None]


async def announce(folder: RunFolder, code: int, environ: Mapping[str, str], say: Say) -> None:
    """Do what the plan of a run says about its end; `code` is its exit code, `say` hears what went wrong."""
    try:
        with JournalReader(folder.journal) as reader:
            plan = from_document(reader.meta("plan"))
            if plan.notify == Notify():
                return
            report = document(reader, folder.name)
        if plan.notify.metrics_file:
            _write(folder, Path(plan.notify.metrics_file), report, plan.name, code, say)
        if plan.notify.url_env:
            await _tell(folder, plan.notify, report, plan.name, code, environ, say)
    except Exception as error:  # noqa: BLE001 - a fault here must not become the result of a run that went well
        _note(folder, say, f"the end of the run was not announced: {type(error).__name__}")


def _write(folder: RunFolder, path: Path, report: dict[str, Any], plan: str, code: int, say: Say) -> None:
    from tui.engine.notify.metrics import write_metrics

    try:
        write_metrics(path, report, plan, code)
    except OSError as error:
        _note(folder, say, f"the metrics were not written to {path}: {error.strerror or type(error).__name__}")


async def _tell(
    folder: RunFolder,
    notify: Notify,
    report: dict[str, Any],
    plan: str,
    code: int,
    environ: Mapping[str, str],
    say: Say,
) -> None:
    from tui.engine.notify.message import message_of
    from tui.engine.notify.webhook import NotSent, Webhook, send

    message = message_of(report, plan, code)
    if notify.on == "failure" and not message.failed:
        return
    missing = [name for name in (notify.url_env, notify.secret_env) if name and not environ.get(name)]
    if missing:
        _note(folder, say, f"nobody was told of the end of the run: the variable {missing[0]} is not set")
        return
    secret = environ[notify.secret_env].strip() if notify.secret_env else ""
    try:
        await send(Webhook(environ[notify.url_env].strip(), notify.shape, secret), message)
    except NotSent as error:
        hint = f"; {error.hint}" if error.hint else ""
        _note(folder, say, f"nobody was told of the end of the run: {error}{hint}")
        return
    _log(folder, "notified", shape=notify.shape)


def _note(folder: RunFolder, say: Say, words: str) -> None:
    say(words)
    _log(folder, "notify-failed", message=words)


def _log(folder: RunFolder, event: str, **values: str) -> None:
    with suppress(LocalError):  # it was said, and the run's own end is in the journal
        log = RunLog([folder.log])
        log.write(event, **values)
        log.close()
