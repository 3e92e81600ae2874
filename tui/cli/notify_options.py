"""Options about the end of a run: who is told, and where its figures go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from tui.cli.options import file_to_write
from tui.plan.model import Plan
from tui.plan.notify import OCCASIONS, SHAPES, check_notify

Command = TypeVar("Command", bound=Callable[..., Any])


def notify_options(command: Command) -> Command:
    """Add the options; the command gets `notify_url_env`, `notify_secret_env`, `notify_shape`, `notify_on`,
    `metrics_file`."""
    for option in reversed(
        (
            click.option("--notify-url-env", metavar="NAME", help="Variable with the address of a webhook to tell."),
            click.option("--notify-secret-env", metavar="NAME", help="Variable with the secret to sign with."),
            click.option("--notify-shape", type=click.Choice(SHAPES), help="Who is told (default: generic JSON)."),
            click.option("--notify-on", type=click.Choice(OCCASIONS), help="At every end, or after a failure only."),
            click.option(
                "--metrics-file", type=file_to_write, help="Write figures for node_exporter to this .prom file."
            ),
        )
    ):
        command = option(command)
    return command


def with_notify(plan: Plan, options: dict[str, Any]) -> Plan:
    """Take the options about the end out of `options` and return the plan with those that were given."""
    metrics: Path | None = options.pop("metrics_file")
    given = {
        "url_env": options.pop("notify_url_env"),
        "secret_env": options.pop("notify_secret_env"),
        "shape": options.pop("notify_shape"),
        "on": options.pop("notify_on"),
        "metrics_file": str(metrics.absolute()) if metrics else None,
    }
    try:
        notify = check_notify(replace(plan.notify, **{name: value for name, value in given.items() if value}))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return replace(plan, notify=notify)
