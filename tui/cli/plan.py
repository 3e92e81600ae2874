"""`regferry plan` and `regferry run`: plan files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.engine import engine_options, with_engine
from tui.cli.notify_options import notify_options, with_notify
from tui.cli.options import existing_file, file_to_write, json_option, run_options

if TYPE_CHECKING:
    from tui.plan.model import Plan


@click.command()
@click.argument("plan_file", metavar="PLAN", type=existing_file)
@click.option("--out", type=file_to_write, help="Write the task list and the forecast to this file (JSON).")
@engine_options
@json_option
def plan(plan_file: Path, out: Path | None, engine: str | None, harbor: str | None, as_json: bool) -> int:
    """Generate the task list of PLAN and a forecast, without writing a byte to the target."""
    from tui.cli import foreground
    from tui.engine.logins import LoginSources

    loaded = with_engine(_load(plan_file), engine, harbor)
    folder, code = foreground.start(loaded, LoginSources(), as_json=as_json, only_generate=True)
    foreground.print_forecast(folder, code, as_json=as_json, out=out)
    return code


@click.command()
@click.argument("plan_file", metavar="PLAN", type=existing_file)
@engine_options
@notify_options
@click.option("--no-overlap", is_flag=True, help="Do nothing, and say so, while a run of this plan is going.")
@run_options
def run(
    plan_file: Path,
    engine: str | None,
    harbor: str | None,
    no_overlap: bool,
    log: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Run the plan file PLAN."""
    from contextlib import ExitStack

    from tui.cli import foreground
    from tui.endpoints.locations import state_dir
    from tui.engine.logins import LoginSources
    from tui.repeat.alone import StillRunning, alone

    noticed = with_notify(_load(plan_file), options)
    loaded = with_engine(foreground.with_options(noticed, options), engine, harbor)
    with ExitStack() as stack:
        if no_overlap:
            try:
                stack.enter_context(alone(state_dir(), plan_file, loaded.name))
            except StillRunning as error:
                click.echo(json.dumps({"exit": 0, "skipped": str(error)}) if as_json else f"skipped: {error}")
                return 0
        folder, code = foreground.start(loaded, LoginSources(), as_json=as_json, log=log)
    foreground.print_outcome(folder, as_json=as_json)
    return code


def _load(plan_file: Path) -> Plan:
    """Return the plan in a file. Raises PlanFileError, also for one without rules, which would do nothing."""
    from tui.plan.errors import PlanFileError
    from tui.plan.toml_file import load_plan

    plan = load_plan(plan_file)
    if not plan.rules:
        hint = "write [[rule]], and below it a source and a target"
        raise PlanFileError(plan_file, 0, 0, "no rules", "at least one [[rule]]", hint)
    return plan
