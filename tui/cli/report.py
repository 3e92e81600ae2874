"""`regferry runs report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tui.cli.chosen_run import find, run_argument
from tui.cli.options import existing_file

_KINDS = ["md", "html", "json", "csv"]


@click.command()
@run_argument
@click.option("--format", "kind", type=click.Choice(_KINDS), default="md", show_default=True, help="Form to print.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write to this file, its ending says the form (.html, .md, .json, .csv); all four into a folder.",
)
@click.option("--signed-off-by", "signer", default="", metavar="NAME", help="Note that NAME vouches for the data.")
@click.option("--check", type=existing_file, help="Only say whether this JSON report has the checksum of its data.")
def report(name: str, kind: Any, as_json: bool, out: Path | None, signer: str, check: Path | None) -> int:
    """Report a run for whoever has to know: every task and digest, what failed, what was verified, by whom."""
    if check is not None:
        return _check(check)
    from tui.engine.audit.data import report_data
    from tui.engine.audit.forms import report_text, signed, write_report

    folder = find(name)
    made = report_data(folder)
    if signer.strip():
        if folder.working() is not None:
            raise click.UsageError("the run is under way; sign it off when it has ended")
        made = signed(folder, made, signer.strip())
    if out is None:
        click.echo(report_text(made, "json" if as_json else kind), nl=False)
        return 0
    for path in write_report(made, out):
        click.echo(f"wrote {path}")
    click.echo(f"checksum of the data: {made['checksum']}")
    return 0


def _check(path: Path) -> int:
    from tui.engine.audit.checksum import checksum
    from tui.engine.audit.facts import signed_words
    from tui.engine.outcome import FAILED, WELL

    try:
        document = json.loads(path.read_bytes())
        said, found, signed = document["checksum"], checksum(document), document["sign_off"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.UsageError(f"{path} is no JSON report of a run") from error
    if said != found:
        click.echo(f"{path}: the data has {found}, the report says {said}: it was changed")
        return FAILED
    if signed is not None:
        document["sign_off"] = {**signed, "holds": signed.get("checksum") == found}
    click.echo(f"{path}: the data has the checksum the report says, {found}")
    click.echo(signed_words(document))
    return WELL
