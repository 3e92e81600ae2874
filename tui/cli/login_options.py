"""The options that say as whom we are at an endpoint; secrets come from standard input, a prompt or a variable."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from tui.cli.options import Command


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, or the secret of an access key with the STS token of a temporary one; '' for what is not given."""

    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def login_options(command: Command) -> Command:
    """Add the options for a user name and password, and for an access key in their place."""
    for option in reversed(
        (
            click.option("--username", default="", help="The account at the registry."),
            click.option(
                "--access-key",
                default="",
                metavar="ID",
                help="An access key of Alibaba Cloud (AccessKey ID) or Tencent Cloud (SecretId) instead of an account: "
                "logins are then lent by the cloud's API and renewed. Its secret takes the place of the password.",
            ),
            click.option(
                "--sts-token", is_flag=True, help="The access key is temporary: its STS token is the second secret."
            ),
            click.option(
                "--password-stdin",
                is_flag=True,
                help="Read the password, or the access key's secret, from standard input; with --sts-token that on "
                "the second line.",
            ),
            click.option("--instance", help="The cloud's instance: its id (cri-..., tcr-...) or name; else found out."),
            click.option("--api", metavar="URL", help="The cloud's API, where it is not at its usual address (VPC)."),
        )
    ):
        command = option(command)
    return command


def login_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an endpoint that the options change. Raises UsageError for options that do not go together.

    A user name makes the secret a password again, an access key makes it one.
    """
    if given["username"] and given["access_key"]:
        raise click.UsageError("--access-key takes the place of --username")
    fields: dict[str, Any] = {}
    if given["username"]:
        fields |= {"username": given["username"], "login": "auto"}
    if given["access_key"]:
        fields |= {"username": given["access_key"], "login": "key"}
    fields |= {name: given[name] for name in ("instance", "api") if given[name] is not None}
    return fields


def secret_from_stdin(*, with_token: bool) -> Secret:
    """Return what standard input holds without the ends of its lines. Raises UsageError when something is missing."""
    text = sys.stdin.read(128 * 1024)
    if not with_token:
        password = text.removesuffix("\n").removesuffix("\r")
        if not password:
            raise click.UsageError("--password-stdin: standard input is empty")
        return Secret(password)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 2:
        raise click.UsageError("--password-stdin with --sts-token: two lines are expected, the secret and the token")
    return Secret(*lines)


def secret_from_prompt(who: str, address: str, *, is_key: bool, with_token: bool) -> Secret:
    """Ask for the secrets on the terminal, without showing them."""
    title = f"Secret of the access key {who}" if is_key else f"Password of {who}"
    password = click.prompt(f"{title} at {address}", hide_input=True)
    return Secret(password, click.prompt("Its STS token", hide_input=True) if with_token else "")
