"""`regferry endpoint` as a user runs it: a process of its own, real registries, and no secret where it can be seen."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import LOGIN, MODES, StartRegistry, authority, cli, start_registry, token_server
from tests.support import corpus
from tests.support.cli import Cli, environment
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer
from tui.cli.endpoint_add import scheme_of
from tui.endpoints.model import Endpoint
from tui.oci.access import Scheme
from tui.providers.detect import Detected
from tui.providers.kinds import Vendor

__all__ = ["authority", "cli", "start_registry", "token_server"]

pytestmark = pytest.mark.real

PASSPHRASE = "a passphrase for tests"


@pytest.fixture
def vault(tmp_path: Path) -> dict[str, str]:
    """The variable by which the vault's passphrase gets in."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o600)
    return {"REGFERRY_VAULT_PASSPHRASE_FILE": str(path)}


def _listed(cli: Cli) -> list[dict[str, Any]]:
    endpoints = cli.run("endpoint", "list", "--json").expect(0)["endpoints"]
    assert isinstance(endpoints, list)
    return endpoints


def _files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def _trust(registry: RealRegistry) -> tuple[str | Path, ...]:
    return ("--ca-file", registry.ca_file) if registry.scheme == "https" else ()


@pytest.mark.parametrize("mode", MODES)
def test_add_test_remove_in_every_mode(
    cli: Cli, start_registry: StartRegistry, vault: dict[str, str], mode: str
) -> None:
    registry = start_registry(mode)
    corpus.push_all(registry, corpus.every_shape()[:1])
    arguments: list[str | Path] = ["endpoint", "add", "here", registry.address, "--json", *_trust(registry)]
    if registry.login:
        arguments += ["--username", registry.login.username, "--store", "vault", "--password-stdin"]
    password = f"{registry.login.password}\n" if registry.login else None
    added = cli.run(*arguments, input=password, env=vault).expect(0)
    assert (added["endpoint"]["kind"], added["endpoint"]["scheme"]) == ("generic", registry.scheme)
    assert (added["detected"]["registry"], added["warnings"]) == (True, [])

    tested = cli.run("endpoint", "test", "here", "--push", "new/app", "--json", env=vault).expect(0)
    assert [step["state"] for step in tested["steps"] if step["name"] in ("api", "list", "push")] == ["ok"] * 3
    assert registry.uploads_bytes() == 0

    (listed,) = _listed(cli)
    assert listed["last_test"]["ok"] is True
    removed = cli.run("endpoint", "remove", "here", "--yes", "--json", env=vault).expect(0)
    assert removed["password_removed"] is bool(registry.login)
    assert _listed(cli) == []
    assert _files_with(cli.folder, LOGIN.password) == []


def test_a_password_is_nowhere_to_be_read(cli: Cli, start_registry: StartRegistry, vault: dict[str, str]) -> None:
    registry = start_registry("htpasswd", htpasswd=Login("bob", "planted-secret"))
    for arguments, text in (
        (("add", "here", registry.address, "--username", "bob", "--store", "vault", "--password-stdin"), True),
        (("test", "here"), False),
        (("list",), False),
        (("login", "here", "--password-stdin"), True),
    ):
        result = cli.run("endpoint", *arguments, input="planted-secret\n" if text else None, env=vault)
        assert result.exit == 0, result
        assert "planted" not in result.out + result.err
    assert _files_with(cli.folder, "planted") == []


def test_there_is_no_way_to_give_a_password_as_an_argument(cli: Cli) -> None:
    for command in ("add", "login"):
        shown = cli.run("endpoint", command, "--help").out
        assert "--password " not in shown
    refused = cli.run("endpoint", "add", "x", "registry.invalid", "--password", "p", "--json")
    refused.expect(2)


def test_a_registry_that_is_not_there_is_added_all_the_same(cli: Cli) -> None:
    document = cli.run("endpoint", "add", "cloud", "harbor.invalid", "--json").expect(0)
    assert (document["endpoint"]["kind"], document["endpoint"]["scheme"]) == ("harbor", "https")
    assert document["detected"]["reachable"] is False
    assert len(document["warnings"]) == 1
    assert document["endpoint"]["store"] == "docker"
    words = cli.run("endpoint", "add", "again", "https://harbor.invalid/", "--kind", "generic")
    assert words.exit == 0
    assert "next: regferry endpoint test again" in words.out
    assert "warning:" in words.err
    assert [each["kind"] for each in _listed(cli)] == ["harbor", "generic"]


def test_what_is_written_down(cli: Cli, start_registry: StartRegistry) -> None:
    registry = start_registry("tls")
    cli.run(
        *("endpoint", "add", "here", registry.address, "--insecure", "--username", "bob", "--proxy", ""),
        *("--password-env", "BOBS_PASSWORD", "--json"),
    ).expect(0)
    (table,) = tomllib.loads((cli.folder / "config" / "endpoints.toml").read_text())["endpoint"]
    assert {key: table[key] for key in table if key != "id"} == {
        "name": "here",
        "address": registry.address,
        "scheme": "https",
        "verify": False,
        "proxy": "",
        "username": "bob",
        "store": "env",
        "password_env": "BOBS_PASSWORD",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "x", "registry.invalid/project"),
        ("add", "x", "bob@registry.invalid"),
        ("add", "/", "registry.invalid"),
        ("add", "x", "registry.invalid", "--store", "env"),
        ("add", "x", "registry.invalid", "--plain-http", "--insecure"),
        ("add", "x", "registry.invalid", "--password-stdin"),
        ("add", "x", "registry.invalid", "--username", "b", "--store", "none", "--password-stdin"),
        ("add", "x", "registry.invalid", "--username", "b", "--store", "vault", "--password-stdin"),
        ("add", "x", "registry.invalid", "--proxy", "http://u:p@proxy:1"),
        ("test", "nobody"),
        ("remove", "nobody", "--yes"),
        ("remove", "nobody"),
        ("login", "nobody", "--password-stdin"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Standard input is empty throughout."""
    document = cli.run("endpoint", *arguments, "--json").expect(2)
    assert document["error"]["message"]
    assert _listed(cli) == []


def test_a_name_is_taken_once(cli: Cli) -> None:
    cli.run("endpoint", "add", "x", "127.0.0.1:1", "--json").expect(0)
    document = cli.run("endpoint", "add", "x", "127.0.0.1:2", "--json").expect(2)
    assert "already" in document["error"]["message"]
    assert [each["address"] for each in _listed(cli)] == ["127.0.0.1:1"]


def test_a_store_that_does_not_take_the_password_adds_nothing(cli: Cli) -> None:
    result = cli.run(
        *("endpoint", "add", "x", "127.0.0.1:1", "--username", "bob", "--store", "vault", "--password-stdin"), "--json",
        input="secret",
    )  # fmt: skip
    assert "passphrase" in result.expect(4)["error"]["message"]
    assert _listed(cli) == []


@pytest.mark.parametrize("mode", ["htpasswd", "token"])
def test_a_wrong_password_is_exit_4(cli: Cli, start_registry: StartRegistry, vault: dict[str, str], mode: str) -> None:
    registry = start_registry(mode)
    added = ("endpoint", "add", "here", registry.address, "--username", LOGIN.username, "--store", "vault")
    cli.run(*added, "--password-stdin", "--json", input="wrong", env=vault).expect(0)
    document = cli.run("endpoint", "test", "here", "--json", env=vault).expect(4)
    failed = [step for step in document["steps"] if step["state"] == "failed"]
    assert [(step["name"], step["class"]) for step in failed] == [("login", "AUTH")]
    (listed,) = _listed(cli)
    assert listed["last_test"]["ok"] is False
    assert listed["last_test"]["message"].startswith("login: ")

    refused = cli.run("endpoint", "login", "here", "--password-stdin", "--json", input="wrong too", env=vault)
    refused.expect(4)
    kept = cli.run("endpoint", "login", "here", "--password-stdin", "--json", input=LOGIN.password, env=vault)
    assert kept.expect(0)["accepted"] is True
    cli.run("endpoint", "test", "here", "--json", env=vault).expect(0)


def test_no_permission_is_exit_1(cli: Cli, start_registry: StartRegistry, vault: dict[str, str]) -> None:
    server = TokenServer({"reader": Account("pass", {".*": frozenset({"pull"})})})
    try:
        registry = start_registry("token", token_server=server, login=Login("reader", "pass"))
        corpus.push_all(registry, corpus.every_shape()[:1])
        env = {"READERS_PASSWORD": "pass"}
        cli.run(
            *("endpoint", "add", "here", registry.address, "--username", "reader"),
            *("--password-env", "READERS_PASSWORD", "--json"),
        ).expect(0)
        document = cli.run("endpoint", "test", "here", "--push", "library/app", "--json", env=env).expect(1)
        cli.run("endpoint", "test", "here", "--pull", "library/app", "--json", env=env).expect(0)
        unset = cli.run("endpoint", "test", "here", "--json").expect(4)
    finally:
        server.close()
    assert document["steps"][-1]["class"] == "DENIED"
    assert "READERS_PASSWORD" in unset["error"]["message"]


def test_steps_are_lines_for_a_person(cli: Cli, start_registry: StartRegistry) -> None:
    registry = start_registry()
    assert cli.run("endpoint", "add", "here", registry.address).out.startswith("added here: OCI registry")
    result = cli.run("endpoint", "test", "here")
    assert result.exit == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("ok      name resolved")
    registry.stop()
    result = cli.run("endpoint", "test", "here")
    assert result.exit == 1
    assert "FAILED  TCP connected" in result.out
    assert "nothing listens" in result.out
    listing = cli.run("endpoint", "list").out.splitlines()
    assert listing[0].split() == ["NAME", "KIND", "ADDRESS", "ACCOUNT", "PASSWORD", "IN", "LAST", "TEST"]
    assert "failed: TCP connected" in listing[1]


def test_a_docker_login_is_used(cli: Cli, start_registry: StartRegistry) -> None:
    registry = start_registry("htpasswd")
    cli.docker_login((registry.address, LOGIN))
    cli.run("endpoint", "add", "here", registry.address, "--json").expect(0)
    document = cli.run("endpoint", "test", "here", "--json").expect(0)
    assert next(step for step in document["steps"] if step["name"] == "login")["state"] == "ok"
    cli.run("endpoint", "remove", "here", "--yes", "--json").expect(0)
    assert _files_with(cli.folder / "docker", registry.address)


def test_login_moves_the_password_to_another_store(
    cli: Cli, start_registry: StartRegistry, vault: dict[str, str]
) -> None:
    registry = start_registry("htpasswd")
    cli.run("endpoint", "add", "here", registry.address, "--json").expect(0)
    login = ("endpoint", "login", "here", "--password-stdin", "--json")
    assert "--username" in cli.run(*login, input=LOGIN.password).expect(2)["error"]["message"]
    moved = cli.run(*login, "--username", LOGIN.username, "--store", "vault", input=LOGIN.password, env=vault).expect(0)
    assert (moved["endpoint"]["store"], moved["accepted"]) == ("vault", True)
    (listed,) = _listed(cli)
    assert (listed["store"], listed["username"]) == ("vault", LOGIN.username)
    cli.run("endpoint", "test", "here", "--json", env=vault).expect(0)


def test_an_endpoint_whose_store_is_closed_can_still_be_removed(cli: Cli, vault: dict[str, str]) -> None:
    added = ("endpoint", "add", "x", "127.0.0.1:1", "--username", "bob", "--store", "vault", "--password-stdin")
    cli.run(*added, "--json", input="secret", env=vault).expect(0)
    document = cli.run("endpoint", "remove", "x", "--yes", "--json").expect(4)
    assert "--keep-secret" in document["error"]["hint"]
    assert len(_listed(cli)) == 1
    cli.run("endpoint", "remove", "x", "--yes", "--keep-secret", "--json").expect(0)
    assert _listed(cli) == []


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(
    cli: Cli, start_registry: StartRegistry, vault: dict[str, str]
) -> None:
    registry = start_registry("htpasswd", htpasswd=Login("bob", "planted-secret"))
    cli.run("endpoint", "add", "here", registry.address, "--username", "bob", "--store", "vault", "--json").expect(0)
    shown, status = _at_terminal(cli, vault, ["endpoint", "login", "here"], [("Password of bob", "planted-secret\n")])
    assert status == 0, shown
    assert "login accepted" in shown
    assert "planted" not in shown
    cli.run("endpoint", "test", "here", "--json", env=vault).expect(0)
    shown, status = _at_terminal(cli, vault, ["endpoint", "remove", "here"], [("[y/N]", "n\n")])
    assert (status, len(_listed(cli))) == (130, 1)
    shown, status = _at_terminal(cli, vault, ["endpoint", "remove", "here"], [("[y/N]", "y\n")])
    assert (status, _listed(cli)) == (0, [])


def _at_terminal(
    cli: Cli, env: dict[str, str], arguments: list[str], answers: list[tuple[str, str]]
) -> tuple[str, int]:
    """Run the command line on a terminal of its own, answer its questions, and return what was shown and the status."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(cli.folder)
        os.execve(sys.executable, [sys.executable, "-m", "tui", *arguments], environment(cli.folder, env))
    shown = ""
    try:
        while select.select([terminal], [], [], 60)[0]:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:  # the other side is closed
                break
            if answers and answers[0][0] in shown:
                os.write(terminal, answers.pop(0)[1].encode())
    finally:
        os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_the_documents_hold_no_more_than_they_say(cli: Cli) -> None:
    cli.run("endpoint", "add", "x", "127.0.0.1:1", "--json").expect(0)
    result = cli.run("endpoint", "list", "--json")
    assert json.loads(result.out)["exit"] == 0
    assert result.err == ""
    assert cli.run("endpoint", "list", "--help").exit == 0


@pytest.mark.parametrize(
    ("address", "forced", "scheme", "warned"),
    [
        ("registry.example.com", None, "https", True),
        ("registry.example.com", "http", "http", True),
        ("127.0.0.1:5000", None, "http", False),
    ],
)
def test_plain_http_is_taken_unasked_on_this_machine_only(
    address: str, forced: Scheme | None, scheme: str, warned: bool
) -> None:
    found = Detected(address, Vendor(), reachable=True, registry=True, scheme="http", tls="none", auth="none")
    kept, warnings = scheme_of(Endpoint("x", address), forced, found)
    assert (kept, bool(warnings)) == (scheme, warned)
