"""`regferry endpoint`: the registries we know, the way to them, and their logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tui.cli.endpoint_namespaces import namespaces, policy, prepare
from tui.cli.login_options import login_fields, login_options, secret_from_prompt, secret_from_stdin
from tui.cli.options import Command, existing_file, json_option
from tui.endpoints.model import STORE_NAMES
from tui.providers.kinds import KINDS

_STORES = tuple(name for name in STORE_NAMES if name != "session")

_name_argument = click.argument("name")


def _store_option(text: str) -> Callable[[Command], Command]:
    return click.option("--store", type=click.Choice(_STORES), help=text)


@click.group()
def endpoint() -> None:
    """The registries we know: add, list, test, login, namespaces, prepare, policy, remove.

    Passwords are kept in a store (OS keyring, encrypted vault, kernel keyring, docker's logins, a variable), never in
    a file of regferry's and never on the command line.
    """


@endpoint.command()
@_name_argument
@click.argument("address")
@login_options
@_store_option("Where the password is kept: the OS keyring for an account, else a docker or podman login is used.")
@click.option("--password-env", default="", metavar="VAR", help="The variable that holds the password (--store env).")
@click.option("--token-env", default="", metavar="VAR", help="The variable with the STS token of an access key.")
@click.option("--plain-http", is_flag=True, help="Reach it without TLS: nothing is encrypted.")
@click.option("--insecure", is_flag=True, help="Do not verify its certificate.")
@click.option("--ca-file", type=existing_file, help="CA certificates (PEM).")
@click.option("--client-cert", type=existing_file, help="Client certificate (PEM).")
@click.option("--client-key", type=existing_file, help="Its key.")
@click.option("--proxy", metavar="URL", help="HTTP proxy, '' for none; else HTTPS_PROXY and NO_PROXY hold.")
@click.option("--kind", type=click.Choice(KINDS), help="What it is, instead of finding out.")
@json_option
def add(name: str, address: str, as_json: bool, **given: Any) -> int:
    """Add the registry at ADDRESS (host[:port]) as NAME.

    It is asked what it is; an address that cannot be reached from here is added all the same.
    """
    import asyncio

    from tui.cli.endpoint_add import add_endpoint

    if given["plain_http"] and given["insecure"]:
        raise click.UsageError("--plain-http has no certificate that --insecure could skip")
    given["fields"] = login_fields(given)
    _check_stores(given)
    secret = secret_from_stdin(with_token=given["sts_token"]) if given["password_stdin"] else None
    added = asyncio.run(add_endpoint(name, address, given, secret))
    if as_json:
        _print_json({"exit": 0, **added.document()})
        return 0
    for warning in added.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(added.words())
    return 0


@endpoint.command("list")
@json_option
def list_(as_json: bool) -> int:
    """List the registries we know."""
    from tui.cli.endpoint_words import document, table
    from tui.endpoints.file import EndpointFile
    from tui.endpoints.locations import endpoints_path

    known = EndpointFile(endpoints_path()).load()
    if as_json:
        _print_json({"exit": 0, "endpoints": [document(each) for each in known]})
    elif not known:
        click.echo("no endpoints yet; add one with 'regferry endpoint add NAME ADDRESS'")
    else:
        click.echo(table(known))
    return 0


@endpoint.command()
@_name_argument
@click.option("--pull", default="", metavar="REPO", help="Try the permission to pull on this repository.")
@click.option("--push", default="", metavar="REPO", help="Begin an upload to this repository and cancel it.")
@json_option
def test(name: str, pull: str, push: str, as_json: bool) -> int:
    """Test the way to an endpoint step by step; exit 4 when the login is what fails, 1 for anything else."""
    import asyncio

    from tui.cli.endpoint_check import run_test
    from tui.cli.endpoint_words import ability_lines, document, step_document, step_words
    from tui.endpoints.file import EndpointFile, find
    from tui.endpoints.locations import endpoints_path

    if pull and push and pull != push:
        raise click.UsageError("--pull and --push are tried on one repository")

    def show(step: Any) -> None:
        if not as_json:
            click.echo(step_words(step))

    steps, code = asyncio.run(run_test(name, pull or push, bool(push), show))
    known = find(EndpointFile(endpoints_path()).load(), name)
    if as_json:
        listed = [step_document(step) for step in steps]
        about = document(known)
        registry = {key: about[key] for key in ("kind", "title", "edition", "region", "instance", "version", "can")}
        _print_json({"exit": code, "endpoint": name, "steps": listed, "registry": registry})
    elif lines := ability_lines(known):
        click.echo("what it can do:")
        click.echo("\n".join(lines))
    return code


@endpoint.command()
@_name_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-secret", is_flag=True, help="Leave the password where it is kept.")
@json_option
def remove(name: str, yes: bool, keep_secret: bool, as_json: bool) -> int:
    """Remove an endpoint, and its password from regferry's stores; docker's own logins stay."""
    import asyncio

    from tui.cli.endpoint_login import remove_endpoint

    if not yes:
        if as_json or not _at_terminal():
            raise click.UsageError("give --yes to remove an endpoint without being asked")
        click.confirm(f"Remove the endpoint {name!r}?", abort=True)
    forgotten = asyncio.run(remove_endpoint(name, keep_secret=keep_secret))
    if as_json:
        _print_json({"exit": 0, "endpoint": name, "password_removed": forgotten})
    else:
        click.echo(f"removed {name}{' and its password' if forgotten else ''}")
    return 0


@endpoint.command()
@_name_argument
@login_options
@_store_option("Keep the password there from now on.")
@json_option
def login(name: str, store: str | None, as_json: bool, **given: Any) -> int:
    """Ask for the password of an endpoint, or the secret of its access key, try it, and keep it in its store."""
    import asyncio

    from tui.cli.endpoint_login import LoginChange, keep_login, plan_login
    from tui.endpoints.access_keys import is_access_key

    change: LoginChange = plan_login(name, login_fields(given), store or "")
    password_stdin, with_token = given["password_stdin"], given["sts_token"]
    if not change.new.username:
        if as_json or password_stdin or not _at_terminal():
            raise click.UsageError("give the account with --username, or an access key with --access-key")
        change = change.named(click.prompt("User name"))
    is_key = is_access_key(change.new, change.new.username)
    if with_token and not is_key:
        raise click.UsageError("--sts-token belongs to an access key: give its id with --access-key")
    if password_stdin:
        secret = secret_from_stdin(with_token=with_token)
    elif as_json or not _at_terminal():
        raise click.UsageError("give the password with --password-stdin: there is no terminal to ask on")
    else:
        secret = secret_from_prompt(change.new.username, change.new.address, is_key=is_key, with_token=with_token)
    kept = asyncio.run(keep_login(change, secret))
    for warning in kept.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        _print_json({"exit": 0, **kept.document()})
    else:
        click.echo(kept.words())
    return 0


def _check_stores(given: dict[str, Any]) -> None:
    if given["sts_token"] and not (given["access_key"] and given["password_stdin"]):
        raise click.UsageError("--sts-token needs --access-key and --password-stdin (or name a variable: --token-env)")
    if given["token_env"] and not given["password_env"]:
        raise click.UsageError("--token-env goes with --password-env")
    if not given["password_stdin"]:
        return
    if not given["username"] and not given["access_key"]:
        raise click.UsageError("--password-stdin needs the account: --username, or --access-key")
    if given["store"] in ("env", "none") or given["password_env"]:
        raise click.UsageError("--password-stdin needs a store that keeps passwords: keyring, vault, kernel or docker")


def _at_terminal() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stderr.isatty()


def _print_json(document: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


for _command in (namespaces, prepare, policy):
    endpoint.add_command(_command)
