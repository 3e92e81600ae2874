"""`regferry schedule` and `regferry watch-source`: running a plan again and again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tui.cli.options import existing_file

_plan_argument = click.argument("plan_file", metavar="PLAN", type=existing_file)
_run_options = click.argument("run_options", metavar="[-- OPTIONS OF RUN]", nargs=-1, type=click.UNPROCESSED)


@click.command()
@_plan_argument
@_run_options
@click.option(
    "--cron", required=True, help="When: five fields as in crontab(5), or @hourly, @daily, @weekly, @monthly."
)
@click.option("--timezone", default="", metavar="ZONE", help="IANA name (default: that of this machine).")
@click.option("--jitter", default="0s", metavar="TIME", help="Put each run off by a random time up to this (5m).")
@click.option(
    "--catch-up/--no-catch-up", default=True, help="Make up, once, for runs that were missed before the start."
)
@click.option("--write", type=click.Choice(["systemd", "kubernetes", "crontab"]), help="Write files for this instead.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for --write (default: print).")
@click.option("--image", default="", help="Container image with regferry in it, for --write kubernetes.")
def schedule(
    plan_file: Path,
    run_options: tuple[str, ...],
    cron: str,
    timezone: str,
    jitter: str,
    catch_up: bool,
    write: str | None,
    out: Path | None,
    image: str,
) -> int:
    """Run PLAN at its times, in the foreground, until interrupted; or write a systemd timer or a CronJob.

    One run at a time: a time at which a run is still going is skipped. Times that were missed are made up for by one
    run. What stands after -- goes to 'regferry run'.
    """
    from tui.endpoints.locations import state_dir
    from tui.plan.toml_file import load_plan
    from tui.repeat.alone import last_begun
    from tui.repeat.child import run_child, run_command
    from tui.repeat.clock import WallClock
    from tui.repeat.schedule import keep_to
    from tui.repeat.times import Times, seconds_of
    from tui.repeat.written.job import Job

    plan = load_plan(plan_file)
    times, delay = Times.parse(cron, timezone), seconds_of(jitter)
    if write is not None:
        job = Job(plan, plan_file, times, delay, run_options)
        return _write(_texts(job, write, image), out)
    if out is not None or image:
        raise click.UsageError("--out and --image go with --write")
    begun = last_begun(state_dir(), plan.name) if catch_up else None
    last = datetime.fromtimestamp(begun, UTC) if begun is not None else None
    command = run_command(plan_file, run_options)
    return _until_interrupted(
        lambda: keep_to(times, lambda: run_child(command), _say, WallClock(), jitter=delay, last=last)
    )


@click.command("watch-source")
@_plan_argument
@_run_options
@click.option("--every", default="10m", show_default=True, metavar="TIME", help="How often to look: 90s, 10m, 1h.")
def watch_source(plan_file: Path, run_options: tuple[str, ...], every: str) -> int:
    """Look for new and changed tags at the source of PLAN, in the foreground, and run it when there are some.

    What was seen is kept, so that the same is not run again after a restart. What stands after -- goes to
    'regferry run'.
    """
    from tui.cli.foreground import warn
    from tui.endpoints.locations import state_dir
    from tui.endpoints.secrets.passphrase import passphrase_source
    from tui.engine.logins import LoginSources
    from tui.plan.toml_file import load_plan
    from tui.repeat.alone import folder_of
    from tui.repeat.child import run_child, run_command
    from tui.repeat.clock import WallClock
    from tui.repeat.snapshot import look
    from tui.repeat.times import seconds_of
    from tui.repeat.watching import watch_source as watched

    load_plan(plan_file)  # what is wrong with it is said at once
    interval = seconds_of(every)
    if interval < 1:
        raise click.BadParameter("at least 1s", param_hint="--every")
    ask = passphrase_source()
    command = run_command(plan_file, run_options)

    async def looked() -> dict[str, str]:
        async with LoginSources().opened(ask=ask, warn=warn) as (source, target):
            return await look(load_plan(plan_file), source, target)

    kept = folder_of(state_dir(), plan_file) / "seen.json"
    return _until_interrupted(lambda: watched(interval, looked, lambda: run_child(command), kept, _say, WallClock()))


def _until_interrupted(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Do `work` until SIGINT or SIGTERM; a run that is going stops where nothing is lost, at once after a second."""
    from tui.cli.foreground import in_loop

    async def watched() -> int:
        task = asyncio.create_task(work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            _say("ended")
        return 0

    return in_loop(watched)


def _texts(job: Any, write: str, image: str) -> dict[str, str]:
    if write == "systemd":
        from tui.repeat.written.systemd import systemd_files

        return systemd_files(job)
    if write == "crontab":
        from tui.repeat.written.crontab import crontab_files

        return crontab_files(job)
    if not image:
        raise click.UsageError("name an image with regferry in it: --image registry.example.com/tools/regferry:0.1.0")
    from tui.endpoints.locations import endpoints_path
    from tui.repeat.written.kubernetes import kubernetes_files

    path = endpoints_path()
    return kubernetes_files(job, image, path.read_text(encoding="utf-8") if path.is_file() else "")


def _write(texts: dict[str, str], out: Path | None) -> int:
    if out is None:
        click.echo("\n".join(f"# --- {name}\n{text}" for name, text in texts.items()), nl=False)
        return 0
    from tui.cli.files import write_text

    for name, text in texts.items():
        write_text(out / name, text)
        click.echo(f"wrote {out / name}")
    return 0


def _say(words: str) -> None:
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {words}", file=sys.stderr, flush=True)
