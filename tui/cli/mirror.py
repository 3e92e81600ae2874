"""`regferry mirror`: propose deletions at the target for what left the source, and carry out what was reviewed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import existing_file, file_to_write, json_option

if TYPE_CHECKING:
    from tui.engine.mirror.apply import Outcome
    from tui.engine.mirror.propose import Proposal
    from tui.plan.mirror.review import Review

_WHY = {"gone": "gone at the source", "unselected": "no longer selected", "repository": "its repository is gone"}


@click.group()
def mirror() -> None:
    """Propose deletions at the target for what left the source; delete what you reviewed.

    'propose' deletes nothing: it writes a file. Look through it, take out what is to stay, and hand it to 'apply'.
    """


@mirror.command()
@click.argument("plan_file", metavar="PLAN", type=existing_file)
@click.option("--out", type=file_to_write, help="The file to review (default: PLAN's name with .deletions.toml).")
@click.option("--protect", multiple=True, metavar="PATTERN", help="Never delete these, besides [mirror] protect.")
@click.option("--max-count", type=click.IntRange(0), help="Refuse to delete more tags than this.")
@click.option(
    "--max-percent", type=click.IntRange(0, 100), help="Refuse to delete more of the target's tags than this."
)
@click.option("--unselected", is_flag=True, help="Also what is at the source and no longer selected.")
@click.option("--repositories", is_flag=True, help="Also what is in repositories that left the source as a whole.")
@json_option
def propose(
    plan_file: Path,
    out: Path | None,
    protect: tuple[str, ...],
    max_count: int | None,
    max_percent: int | None,
    unselected: bool,
    repositories: bool,
    as_json: bool,
) -> int:
    """Write a file with the tags at the target that left the source. Nothing is deleted."""
    from dataclasses import replace

    from tui.engine.mirror.propose import propose as proposed
    from tui.engine.outcome import FAILED, WELL
    from tui.plan.mirror.review import format_review
    from tui.plan.mirror.settings import check_pattern
    from tui.plan.toml_file import load_plan

    plan = load_plan(plan_file)
    given = {"max_count": max_count, "max_percent": max_percent, "unselected": unselected, "repositories": repositories}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None and value is not False}
    try:
        changed["protect"] = plan.mirror.protect + tuple(check_pattern(pattern) for pattern in protect)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--protect") from None
    plan = replace(plan, mirror=replace(plan.mirror, **changed))
    found: list[Proposal] = []

    async def work(source: Any, target: Any) -> int:
        found.append(await proposed(plan, source, target))
        return WELL

    _in_loop(work)
    proposal = found[0]
    review, path = proposal.review, out or plan_file.with_suffix(".deletions.toml")
    if review.deletions:
        from tui.cli.files import write_text

        write_text(path, format_review(review))
    refusal = review.refusal()
    code = FAILED if refusal else WELL
    if as_json:
        document = {
            "exit": code,
            "file": str(path) if review.deletions else "",
            "tags": review.tags,
            "proposed": [_document(each) for each in review.deletions],
            "kept": [asdict(each) for each in review.kept],
            "notes": list(proposal.notes),
            "refusal": refusal,
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(review, proposal.notes, path, refusal)))
    return code


@mirror.command("apply")
@click.argument("review_file", metavar="FILE", type=existing_file)
@click.option("--yes", is_flag=True, help="Do not ask for the number of tags.")
@json_option
def apply_(review_file: Path, yes: bool, as_json: bool) -> int:
    """Delete the tags in FILE that are still as they were reviewed."""
    from tui.endpoints.locations import state_dir
    from tui.engine.mirror.apply import apply, exit_code
    from tui.engine.mirror.record import Record
    from tui.engine.outcome import WELL
    from tui.plan.mirror.review import load_review

    review = load_review(review_file)
    if not review.deletions:
        click.echo(json.dumps({"exit": WELL, "results": []}) if as_json else "there is nothing to delete in this file")
        return WELL
    if not yes:
        _ask(review, as_json)
    reviewed = str(review_file.absolute())
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if not as_json:
            why = f": {outcome.message}" if outcome.message else ""
            click.echo(f"{outcome.fate:<8} {outcome.target}{why}")

    async def work(source: Any, target: Any) -> int:
        with Record(state_dir(), review_file.stem) as record:
            record.begin(review=reviewed, tags=len(review.deletions))
            try:
                return exit_code(await apply(review, source, target, record, tell))
            finally:
                where.append(str(record.path))

    where: list[str] = []
    code = _in_loop(work)
    if as_json:
        results = [asdict(outcome) for outcome in outcomes]
        click.echo(json.dumps({"exit": code, "record": where[0], "results": results}, indent=2, ensure_ascii=False))
    else:
        fates = Counter(outcome.fate for outcome in outcomes)
        click.echo(", ".join(f"{count} {fate}" for fate, count in fates.items()) + f"; on record in {where[0]}")
        for hint in dict.fromkeys(outcome.hint for outcome in outcomes if outcome.hint):
            click.echo(f"  {hint}")
    return code


def _ask(review: Review, as_json: bool) -> None:
    """Ask for the number of tags. Raises UsageError where nobody can be asked, or for another answer."""
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: say --yes when the file was reviewed")
    count = len(review.deletions)
    click.echo("\n".join(f"{each.target}  {_WHY[each.reason]}" for each in review.deletions[:20]))
    if count > 20:
        click.echo(f"and {count - 20} more")
    answer: str = click.prompt(f"delete {count} at the target? type {count}", default="", show_default=False)
    if answer.strip() != str(count):
        raise click.UsageError(f"{count} was not typed, so nothing was deleted")


def _in_loop(work: Any) -> int:
    from tui.cli import foreground
    from tui.endpoints.secrets.passphrase import passphrase_source
    from tui.engine.logins import LoginSources

    async def opened() -> int:
        sides = LoginSources().opened(ask=passphrase_source(), warn=foreground.warn)
        async with sides as (source, target):
            code: int = await work(source, target)
            return code

    return foreground.in_loop(opened)


def _document(each: Any) -> dict[str, Any]:
    return {
        "target": str(each.target),
        "digest": each.digest,
        "source": str(each.source),
        "reason": each.reason,
        "shares": list(each.shares),
    }


def _lines(review: Review, notes: tuple[str, ...], path: Path, refusal: str) -> list[str]:
    lines = [f"note: {note}" for note in notes]
    lines += [f"kept     {each.target}: {each.why}" for each in review.kept]
    for each in review.deletions:
        shares = f"; {', '.join(each.shares)} has the same manifest and stays" if each.shares else ""
        lines.append(f"propose  {each.target}: {_WHY[each.reason]} ({each.source}){shares}")
    if not review.deletions:
        return [*lines, f"nothing to delete: {review.tags} tags at the target were looked at"]
    lines.append(f"{len(review.deletions)} of {review.tags} tags at the target; nothing was deleted")
    if refusal:
        return [
            *lines,
            f"refused: {refusal}",
            f"  look at {path}; when it is right, raise the limit in [mirror] and propose anew",
        ]
    return [*lines, f"look through {path}, take out what is to stay, then: regferry mirror apply {path}"]
