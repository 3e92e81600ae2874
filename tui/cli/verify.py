"""`regferry runs verify`: whether the target has what a run was to put there."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from typing import Any

import click

from tui.cli.chosen_run import logins_of, opened, run_argument
from tui.cli.options import json_option

_FINDINGS_SHOWN = 50
_TAGS_SHOWN = 3


@click.command()
@run_argument
@click.option("--deep", is_flag=True, help="Read every manifest and blob and compare its digest.")
@click.option("--extra", is_flag=True, help="Look for tags at the target that the plan does not know.")
@json_option
def verify(name: str, deep: bool, extra: bool, as_json: bool) -> int:
    """Compare every tag, manifest and blob at the target with what the run was to put there.

    Exit 1 when something differs, 3 when a registry gave no answer. The result is kept with the run, for
    'regferry runs report'.
    """
    from tui.cli import foreground
    from tui.endpoints.secrets.passphrase import passphrase_source
    from tui.engine.verify.record import Manner, brief
    from tui.engine.verify.work import verify_run

    folder, reader = opened(name)
    with reader:
        logins = logins_of(reader).opened(ask=passphrase_source(), warn=foreground.warn)
    if folder.working() is not None:
        foreground.warn("the run is under way: what it has not copied yet counts as missing")
    line = _Line(quiet=as_json)
    result: dict[str, Any] = {}

    async def work() -> int:
        nonlocal result
        async with logins as (_, target):
            verification = await verify_run(folder, target, Manner(deep, extra), tell=line.show)
        result = verification.document()
        return verification.exit

    try:
        code = foreground.in_loop(work)
    finally:
        line.clear()
    if as_json:
        click.echo(json.dumps(brief(result), indent=2, ensure_ascii=False))
    else:
        _print(result)
    return code


class _Line:
    """How it stands, over and over on one line of standard error; nothing where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._at_terminal = sys.stderr.isatty() and not quiet
        self._shown = False

    def show(self, verification: Any) -> None:
        from tui.cli.words import several, size

        if not self._at_terminal:
            return
        tally = verification.tally
        parts = [f"verify  {tally.references}/{several(verification.planned, 'tag')}", several(tally.blobs, "blob")]
        parts += [f"{size(tally.bytes)} read"] if tally.bytes else []
        parts += [several(len(verification.findings), "difference")] if len(verification.findings) else []
        parts += [f"waits for {verification.waiting}"] if verification.waiting else []
        sys.stderr.write(f"\r\x1b[K{'  '.join(parts)[: shutil.get_terminal_size().columns - 1]}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _print(result: dict[str, Any]) -> None:
    from tui.cli.words import several, size
    from tui.engine.verify.record import in_words

    for finding in result["findings"][:_FINDINGS_SHOWN]:
        click.echo(f"{finding['words']}: {finding['place']}")
        click.echo(f"    reason  {finding['message']}")
        if ":" in finding["expected"] and finding["found"]:
            click.echo(f"    planned {finding['expected']}")
        tags = [tag for tag in finding["tags"] if tag != finding["place"]]
        if tags:
            more = f" and {len(tags) - _TAGS_SHOWN} more" if len(tags) > _TAGS_SHOWN else ""
            click.echo(f"    needed  by {', '.join(tags[:_TAGS_SHOWN])}{more}")
        click.echo(f"    do      {finding['hint']}")
    rest = Counter(finding["words"] for finding in result["findings"][_FINDINGS_SHOWN:])
    for words, count in rest.items():
        click.echo(f"and {count} more: {words}")
    checked, same = result["checked"], result["references"]["same"]
    looked = f"{several(checked['manifests'], 'manifest')}, {several(checked['blobs'], 'blob')}"
    looked += f", {size(checked['bytes'])} read" if checked["bytes"] else ""
    click.echo(f"{same} of {several(result['planned'], 'tag')} at the target as planned ({looked})")
    if result["state"] == "stopped":
        click.echo("stopped before it was done: nothing is said about the rest")
    else:
        click.echo(in_words(result))
