"""`regferry copy`: one image or one repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tui.cli.options import Command, existing_file, run_options
from tui.cli.selection import artifacts_of, repositories_of, selection_options, tags_of


def _side(prefix: str, side: str) -> Callable[[Command], Command]:
    """Return a decorator with the options that say how to reach one side."""

    def add(command: Command) -> Command:
        for option in reversed(
            (
                click.option(f"--{prefix}-endpoint", default="", metavar="NAME", help=f"The endpoint of the {side}."),
                click.option(f"--{prefix}-ca-file", type=existing_file, help=f"CA certificates of the {side} (PEM)."),
                click.option(f"--{prefix}-client-cert", type=existing_file, help=f"Client certificate for the {side}."),
                click.option(f"--{prefix}-client-key", type=existing_file, help="Its key."),
                click.option(f"--{prefix}-plain-http", is_flag=True, help=f"Reach the {side} without TLS."),
                click.option(f"--{prefix}-insecure", is_flag=True, help=f"Do not verify the {side}'s certificate."),
                click.option(f"--{prefix}-proxy", metavar="URL", help=f"HTTP proxy to the {side}, '' for none."),
            )
        ):
            command = option(command)
        return command

    return add


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--platform", "platforms", multiple=True, metavar="OS/ARCH[/VARIANT]", help="Only these platforms.")
@_side("src", "source")
@_side("dest", "target")
@selection_options
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and write nothing.")
@run_options
def copy(
    source: str,
    target: str,
    platforms: tuple[str, ...],
    dry_run: bool,
    concurrency: int | None,
    retries: int | None,
    on_conflict: str | None,
    backup: str | None,
    on_drift: str | None,
    order: str | None,
    since: tuple[str, ...],
    split: int | None,
    check_referrers: bool,
    force: bool,
    create_missing: bool,
    limit_rate: int | None,
    limit_requests: int | None,
    log: Path | None,
    as_json: bool,
    **more: Any,
) -> int:
    """Copy SOURCE to TARGET.

    SOURCE is a repository (all of its tags), a reference with tag or digest, or every repository of a project
    (registry/project/*). TARGET is a repository or reference; {name}, {path}, {project} and {tag} stand for
    those of the source.
    """
    from tui.cli import foreground
    from tui.engine.logins import LoginSources
    from tui.plan.expand import check
    from tui.plan.model import Plan
    from tui.plan.rule_text import make_rule

    rule = make_rule(
        source,
        target,
        platforms=[_platform(text) for text in platforms],
        tags=tags_of(more),
        repositories=repositories_of(more),
        artifacts=artifacts_of(more),
    )
    check(rule)
    given: dict[str, Any] = {
        "concurrency": concurrency,
        "retries": retries,
        "on_conflict": on_conflict,
        "check_referrers": check_referrers,
        "force": force,
        "create_missing": create_missing,
        "backup": backup,
        "on_drift": on_drift,
        "order": order,
    }
    given |= {"limit_rate": limit_rate, "limit_requests": limit_requests, "since": since, "split": split}
    plan = foreground.with_options(Plan(f"copy {rule.source_path}", (rule,)), given)
    logins = LoginSources(
        source=_override("src", more),
        target=_override("dest", more),
        source_endpoint=more["src_endpoint"],
        target_endpoint=more["dest_endpoint"],
    )
    folder, code = foreground.start(plan, logins, as_json=as_json, log=log, only_generate=dry_run)
    if dry_run:
        foreground.print_forecast(folder, code, as_json=as_json)
        return code
    foreground.print_outcome(folder, as_json=as_json)
    return code


def _override(prefix: str, sides: dict[str, Any]) -> Any:
    from tui.endpoints.origins import Override

    given = {name.removeprefix(f"{prefix}_"): value for name, value in sides.items() if name.startswith(f"{prefix}_")}
    if given["plain_http"] and given["insecure"]:
        raise click.UsageError(f"--{prefix}-plain-http has no certificate that --{prefix}-insecure could skip")
    return Override(
        scheme="http" if given["plain_http"] else None,
        verify=False if given["insecure"] else None,
        ca_file=given["ca_file"],
        client_cert=given["client_cert"],
        client_key=given["client_key"],
        proxy=given["proxy"],
    )


def _platform(text: str) -> Any:
    from tui.plan.model import Platform

    try:
        return Platform.parse(text)
    except ValueError as error:
        raise click.UsageError(f"--platform: {error}") from error
