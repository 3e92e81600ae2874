"""`regferry endpoint namespaces|prepare|policy`: what a target in a cloud, or a Harbor, must have before a push."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tui.cli.findings import finding_lines
from tui.cli.options import file_to_write, json_option

_name_argument = click.argument("name")


@click.command()
@_name_argument
@click.argument("namespace", default="")
@json_option
def namespaces(name: str, namespace: str, as_json: bool) -> int:
    """List the namespaces (projects) of endpoint NAME, or the repositories of one NAMESPACE."""
    import asyncio

    from tui.cli import endpoint_prepare

    if namespace:
        paths = asyncio.run(endpoint_prepare.repositories(name, namespace))
        if as_json:
            _print_json({"exit": 0, "endpoint": name, "namespace": namespace, "repositories": paths})
        else:
            click.echo("\n".join(paths) or f"there is no repository in {namespace}")
        return 0
    found = asyncio.run(endpoint_prepare.namespaces(name))
    if as_json:
        fields = ("name", "public", "creates", "repositories")
        listed = [{field: getattr(each, field) for field in fields} for each in found]
        _print_json({"exit": 0, "endpoint": name, "namespaces": listed})
        return 0
    for each in found:
        creates = {True: "a push creates repositories", False: "repositories must exist", None: ""}[each.creates]
        seen = {True: "public", False: "private", None: ""}[each.public]
        click.echo(f"{each.name:<30}  {seen:<7}  {creates}".rstrip())
    if not found:
        click.echo(f"no namespaces yet; create one with 'regferry endpoint prepare {name} NAMESPACE --create'")
    return 0


@click.command()
@_name_argument
@click.argument("targets", nargs=-1, required=True, metavar="NAMESPACE[/REPOSITORY]...")
@click.option("--create", is_flag=True, help="Create missing namespaces (private), and let pushes create repositories.")
@click.option("--repositories", "one_by_one", is_flag=True, help="With --create: create missing repositories instead.")
@json_option
def prepare(name: str, targets: tuple[str, ...], create: bool, one_by_one: bool, as_json: bool) -> int:
    """Say what is in the way of pushing to these at endpoint NAME; with --create do what can be done about it.

    Nothing is changed without --create. Exit 1 when something is still in the way.
    """
    import asyncio

    from tui.cli import endpoint_prepare

    if one_by_one and not create:
        raise click.UsageError("--repositories goes with --create")
    findings, done = asyncio.run(endpoint_prepare.prepare(name, targets, create=create, one_by_one=one_by_one))
    code = 1 if any(finding.severity == "problem" for finding in findings) else 0
    listed = [
        {
            "severity": finding.severity,
            "finding": finding.words,
            "hint": finding.hint,
            "can_do": finding.action.words if finding.action else "",
        }
        for finding in findings
    ]
    if as_json:
        _print_json({"exit": code, "endpoint": name, "done": done, "findings": listed})
        return code
    for words in done:
        click.echo(f"done     {words}")
    for line in finding_lines(listed):
        click.echo(line)
    if not create and any(finding.action for finding in findings):
        click.echo(f"next: regferry endpoint prepare {name} {' '.join(targets)} --create")
    return code


@click.command()
@_name_argument
@click.argument("spaces", nargs=-1, required=True, metavar="NAMESPACE...")
@click.option("--out", type=file_to_write, help="Write it to this file instead.")
@json_option
def policy(name: str, spaces: tuple[str, ...], out: Path | None, as_json: bool) -> int:
    """Print the least an account must be allowed for these namespaces, as a policy for the cloud's console.

    For RAM of Alibaba Cloud and CAM of Tencent Cloud. The document goes to stdout, what to do with it to stderr.
    """
    import asyncio

    from tui.cli import endpoint_prepare
    from tui.cli.files import write_text

    found = asyncio.run(endpoint_prepare.policy(name, spaces))
    if found is None:
        raise click.UsageError(
            f"the endpoint {name!r} needs no policy document: only Alibaba Cloud and Tencent Cloud take one"
        )
    if out is not None:
        write_text(out, found.document + "\n")
    if as_json:
        document = {"exit": 0, "endpoint": name, "policy": json.loads(found.document), "paste": found.paste}
        _print_json({**document, "unconfirmed": found.unconfirmed, "written": str(out) if out is not None else ""})
        return 0
    if out is None:
        click.echo(found.document)
    else:
        click.echo(f"written to {out}")
    for line in (found.paste, found.unconfirmed):
        if line:
            click.echo(line, err=True)
    return 0


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
