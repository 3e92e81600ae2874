"""`regferry runs`: what ran, what runs, and orders to it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from tui.cli.chosen_run import find, logins_of, opened, run_argument
from tui.cli.options import json_option, log_option
from tui.cli.report import report
from tui.cli.verify import verify


@click.group()
def runs() -> None:
    """List, show, watch, resume, retry, pause, stop, verify and report runs.

    RUN is the name of a run, a part of it that no other has, or 'last' (the default).
    """


@runs.command("list")
@json_option
def list_(as_json: bool) -> int:
    """List the runs on this machine, the newest first."""
    from tui.cli.run_table import run_table
    from tui.endpoints.locations import state_dir
    from tui.engine.runs import list_runs
    from tui.engine.status import status

    found = [status(folder) for folder in list_runs(state_dir())]
    if as_json:
        click.echo(json.dumps({"exit": 0, "runs": found}, indent=2, ensure_ascii=False))
    elif not found:
        click.echo("no runs yet; start one with 'regferry sync', 'regferry copy' or 'regferry run PLAN'")
    else:
        click.echo(run_table(found))
    return 0


@runs.command()
@run_argument
@json_option
def show(name: str, as_json: bool) -> int:
    """Show what a run came to, every failure and every attempt."""
    from tui.cli.summary import summary
    from tui.engine.report import attempts, document, notices
    from tui.engine.verify.record import brief, in_words, verifications

    folder, reader = opened(name)
    with reader:
        report = document(reader, folder.name)
        tried = attempts(reader)
        notes = notices(reader)
    verified = verifications(folder)
    if as_json:
        more = {"attempts": tried, "notices": notes, "verifications": [brief(each) for each in verified]}
        click.echo(json.dumps({**report, **more}, indent=2, ensure_ascii=False))
        return 0
    click.echo(summary(report, notes))
    for each in verified:
        click.echo(in_words(each))
    for attempt in tried:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(attempt["at"]))
        click.echo(f"{when}  {attempt['phase']:<8} {attempt['source']}: {attempt['class']}: {attempt['message']}")
    click.echo(f"log: {folder.log}")
    return 0


@runs.command()
@run_argument
@json_option
def watch(name: str, as_json: bool) -> int:
    """Watch a run until it ends; leaving with ctrl+c does not stop it."""
    from tui.cli.foreground import print_outcome
    from tui.cli.progress import watch_until

    folder, reader = opened(name)
    with reader:
        ended = watch_until(folder.journal, lambda: folder.working() is None)
        code = reader.sessions()[-1]["exit_code"] if ended and reader.sessions() else None
    if ended:
        print_outcome(folder, as_json=as_json)
    return code or 0


@runs.command()
@run_argument
@log_option
@json_option
def resume(name: str, log: Path | None, as_json: bool) -> int:
    """Go on with a run that was stopped, killed or only planned; a paused one is told to go on.

    What failed for want of a login, or of room on this machine, is tried again.
    """
    folder = find(name)
    if _paused(folder):
        return _order(folder, "resume", as_json)
    return _work_on(folder, log, as_json, failed_too=False)


@runs.command()
@run_argument
@log_option
@json_option
def retry(name: str, log: Path | None, as_json: bool) -> int:
    """Try again what failed in a run."""
    return _work_on(find(name), log, as_json, failed_too=True)


@runs.command()
@run_argument
@json_option
def pause(name: str, as_json: bool) -> int:
    """Let a running run wait."""
    return _order(find(name), "pause", as_json)


@runs.command()
@run_argument
@json_option
def stop(name: str, as_json: bool) -> int:
    """Stop a running run where nothing is lost."""
    return _order(find(name), "stop", as_json)


@runs.command()
@run_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> int:
    """Delete a run's journal and log; nothing at a registry changes."""
    folder = find(name)
    if not yes:
        click.confirm(f"delete the journal and log of {folder.name}?", abort=True)
    folder.delete()
    return 0


def _paused(folder: Any) -> bool:
    from tui.engine.journal.reader import JournalReader

    with JournalReader(folder.journal) as reader:
        return folder.working() is not None and reader.progress()["state"] == "paused"


def _work_on(folder: Any, log: Path | None, as_json: bool, *, failed_too: bool) -> int:
    from tui.cli import foreground
    from tui.engine.journal.reader import JournalReader
    from tui.engine.manner import Manner

    with JournalReader(folder.journal) as reader:
        logins = logins_of(reader)
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


runs.add_command(report)
runs.add_command(verify)
