"""`regferry runs report`."""

from __future__ import annotations

from typing import Any

import click

from tui.cli.chosen_run import opened, run_argument


@click.command()
@run_argument
@click.option("--format", "kind", type=click.Choice(["json", "csv", "md"]), default="md")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def report(name: str, kind: Any, as_json: bool) -> int:
    """Print the report of a run with every task: JSON, CSV or Markdown."""
    from tui.engine.export import task_report

    folder, reader = opened(name)
    with reader:
        click.echo(task_report(reader, folder.name, "json" if as_json else kind), nl=False)
    return 0
