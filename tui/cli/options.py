"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)
file_to_write = click.Path(dir_okay=False, path_type=Path)
log_option = click.option("--log", type=file_to_write, help="Append the log (JSON lines) to this file too.")


Command = TypeVar("Command", bound=Callable[..., Any])


def run_options(command: Command) -> Command:
    """Add the options that change how a plan is run; a plan file's own values hold where they are not given."""
    for option in (
        click.option("--concurrency", type=click.IntRange(1, 256), help="Copies at once."),
        click.option("--retries", type=click.IntRange(0, 1000), help="Rounds over what failed."),
        click.option(
            "--on-conflict", type=click.Choice(["overwrite", "skip", "fail"]), help="When the target's tag differs."
        ),
        click.option("--force", is_flag=True, help="Push also what looks unchanged."),
        log_option,
        json_option,
    ):
        command = option(command)
    return command
