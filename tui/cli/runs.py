"""`regferry runs`: what ran, what runs, and orders to it."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from tui.cli.options import json_option, log_option

_run_argument = click.argument("name", metavar="[RUN]", default="last")


@click.group()
def runs() -> None:
    """List, show, watch, resume, retry, pause, stop and report runs.

    RUN is the name of a run, a part of it that no other has, or 'last' (the default).
    """


@runs.command("list")
@json_option
def list_(as_json: bool) -> int:
    """List the runs on this machine, the newest first."""
    from tui.cli.words import duration
    from tui.endpoints.locations import state_dir
    from tui.engine.runs import list_runs
    from tui.engine.status import status

    found = [status(folder) for folder in list_runs(state_dir())]
    if as_json:
        click.echo(json.dumps({"exit": 0, "runs": found}, indent=2, ensure_ascii=False))
    elif not found:
        click.echo("no runs yet; start one with 'regferry sync', 'regferry copy' or 'regferry run PLAN'")
    for run in found if not as_json else ():
        tasks = ", ".join(f"{count} {state}" for state, count in run["tasks"].items() if count and state != "total")
        click.echo(f"{run['run']}  {run['state']:<11} {duration(run['seconds']):>9}  {tasks or 'no tasks'}")
    return 0


@runs.command()
@_run_argument
@json_option
def show(name: str, as_json: bool) -> int:
    """Show what a run came to, every failure and every attempt."""
    from tui.cli.summary import summary
    from tui.engine.report import attempts, document, notices

    folder, reader = _open(name)
    with reader:
        report = document(reader, folder.name)
        tried = attempts(reader)
        notes = notices(reader)
    if as_json:
        click.echo(json.dumps({**report, "attempts": tried, "notices": notes}, indent=2, ensure_ascii=False))
        return 0
    click.echo(summary(report, notes))
    for attempt in tried:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(attempt["at"]))
        click.echo(f"{when}  {attempt['phase']:<8} {attempt['source']}: {attempt['class']}: {attempt['message']}")
    click.echo(f"log: {folder.log}")
    return 0


@runs.command()
@_run_argument
@json_option
def watch(name: str, as_json: bool) -> int:
    """Watch a run until it ends; leaving with ctrl+c does not stop it."""
    from tui.cli.foreground import print_outcome
    from tui.cli.progress import watch_until

    folder, reader = _open(name)
    with reader:
        ended = watch_until(folder.journal, lambda: folder.working() is None)
        code = reader.sessions()[-1]["exit_code"] if ended and reader.sessions() else None
    if ended:
        print_outcome(folder, as_json=as_json)
    return code or 0


@runs.command()
@_run_argument
@log_option
@json_option
def resume(name: str, log: Path | None, as_json: bool) -> int:
    """Go on with a run that was stopped, killed or only planned; a paused one is told to go on."""
    folder = _find(name)
    if _paused(folder):
        return _order(folder, "resume", as_json)
    return _work_on(folder, log, as_json, failed_too=False)


@runs.command()
@_run_argument
@log_option
@json_option
def retry(name: str, log: Path | None, as_json: bool) -> int:
    """Try again what failed in a run."""
    return _work_on(_find(name), log, as_json, failed_too=True)


@runs.command()
@_run_argument
@json_option
def pause(name: str, as_json: bool) -> int:
    """Let a running run wait."""
    return _order(_find(name), "pause", as_json)


@runs.command()
@_run_argument
@json_option
def stop(name: str, as_json: bool) -> int:
    """Stop a running run where nothing is lost."""
    return _order(_find(name), "stop", as_json)


@runs.command()
@_run_argument
@click.option("--format", "kind", type=click.Choice(["json", "csv", "md"]), default="md")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def report(name: str, kind: Any, as_json: bool) -> int:
    """Print the report of a run with every task: JSON, CSV or Markdown."""
    from tui.engine.export import task_report

    folder, reader = _open(name)
    with reader:
        click.echo(task_report(reader, folder.name, "json" if as_json else kind), nl=False)
    return 0


@runs.command()
@_run_argument
@json_option
def verify(name: str, as_json: bool) -> int:
    """Compare what is at the target with what the run put there."""
    from tui.cli import foreground
    from tui.endpoints.secrets.passphrase import passphrase_source
    from tui.engine.outcome import FAILED, RETRYABLE, WELL
    from tui.engine.verify import verify_run

    folder, reader = _open(name)
    with reader:
        opened = _logins(reader).opened(ask=passphrase_source(), warn=foreground.warn)
        result: dict[str, Any] = {}

        async def work() -> int:
            nonlocal result
            async with opened as (_, target):
                result = await verify_run(reader, target)
            return FAILED if result["different"] else RETRYABLE if result["unknown"] else WELL

        code = foreground.in_loop(work)
    if as_json:
        click.echo(json.dumps({"run": folder.name, "exit": code, **result}, indent=2, ensure_ascii=False))
        return code
    for found in result["different"]:
        click.echo(f"different: {found['target']} {found['message']}, expected {found['expected']}")
    reasons = Counter(found["message"] for found in result["unknown"])
    for reason, count in reasons.items():
        click.echo(f"not known about {count}: {reason}")
    click.echo(f"{result['same']} of {result['checked']} references at the target are as the run left them")
    return code


@runs.command()
@_run_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> int:
    """Delete a run's journal and log; nothing at a registry changes."""
    folder = _find(name)
    if not yes:
        click.confirm(f"delete the journal and log of {folder.name}?", abort=True)
    folder.delete()
    return 0


def _find(name: str) -> Any:
    from tui.endpoints.locations import state_dir
    from tui.engine.runs import find_run

    return find_run(state_dir(), name)


def _open(name: str) -> tuple[Any, Any]:
    from tui.engine.journal.reader import JournalReader

    folder = _find(name)
    return folder, JournalReader(folder.journal)


def _logins(reader: Any) -> Any:
    from tui.engine.logins import LoginSources

    return LoginSources.from_document(reader.meta("logins"))


def _paused(folder: Any) -> bool:
    from tui.engine.journal.reader import JournalReader

    with JournalReader(folder.journal) as reader:
        return folder.working() is not None and reader.progress()["state"] == "paused"


def _work_on(folder: Any, log: Path | None, as_json: bool, *, failed_too: bool) -> int:
    from tui.cli import foreground
    from tui.engine.journal.reader import JournalReader
    from tui.engine.runner import Manner

    with JournalReader(folder.journal) as reader:
        logins = _logins(reader)
        logs = [path for path in (log, Path(reader.meta("log") or "")) if path and path != Path()]
    code = foreground.go_on(folder, logins, Manner(failed_too=failed_too, logs=logs[:1]), as_json=as_json)
    foreground.print_outcome(folder, as_json=as_json)
    return code


def _order(folder: Any, verb: str, as_json: bool) -> int:
    from tui.engine.journal.reader import give_order

    process = folder.working()
    if process is None:
        raise click.UsageError(f"no process is working on the run {folder.name}")
    give_order(folder.journal, verb)
    told = {"run": folder.name, "exit": 0, "order": verb, "process": process}
    click.echo(json.dumps(told) if as_json else f"told process {process} to {verb} the run {folder.name}")
    return 0
