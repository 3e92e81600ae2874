"""The connection test against real registries, and against faults at every step."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.providers.conftest import access_of
from tests.real.conftest import LOGIN, MODES, StartRegistry
from tests.support import corpus
from tests.support.token_server import Account, TokenServer
from tui.oci.access import Access, Connection, Credential
from tui.oci.reference import InvalidReference
from tui.providers.check import check
from tui.providers.check_steps import STEPS, Step


async def _all(access: Access, repository: str = "", push: bool = False) -> dict[str, Step]:
    steps = [step async for step in check(access, repository, push)]
    assert tuple(step.name for step in steps) == STEPS
    assert all(step.title and step.detail and step.seconds >= 0 for step in steps)
    return {step.name: step for step in steps}


def _states(steps: dict[str, Step]) -> str:
    """The states in order: `o`k, `F`ailed, `-` skipped."""
    return "".join({"ok": "o", "failed": "F", "skipped": "-"}[step.state] for step in steps.values())


@pytest.mark.parametrize(
    ("mode", "states"),
    [("plain", "oo-o-ooo"), ("htpasswd", "oo-ooooo"), ("token", "oo-ooooo"), ("tls", "oooo-ooo")],
)
async def test_everything_is_well_in_every_mode(start_registry: StartRegistry, mode: str, states: str) -> None:
    registry = start_registry(mode)
    corpus.push_all(registry, corpus.every_shape()[:2])
    steps = await _all(access_of(registry), "library/app", push=True)
    assert _states(steps) == states, steps
    assert "library/app:" in steps["pull"].detail
    assert registry.uploads_bytes() == 0
    assert not list(registry.root.glob("**/_uploads/*/startedat"))


@pytest.mark.parametrize("mode", MODES)
async def test_the_scheme_is_found_out(start_registry: StartRegistry, mode: str) -> None:
    access = access_of(start_registry(mode))
    steps = await _all(replace(access, connection=replace(access.connection, scheme="auto")))
    assert steps["tls"].state == ("ok" if mode == "tls" else "skipped")
    assert steps["api"].state == "ok"
    assert "F" not in _states(steps)


async def test_the_first_repository_of_the_list_serves_when_none_is_named(start_registry: StartRegistry) -> None:
    registry = start_registry()
    corpus.push_all(registry, corpus.every_shape()[:1])
    steps = await _all(access_of(registry))
    assert steps["list"].detail == "one repository"
    assert steps["pull"].state == "ok"
    assert steps["push"].state == "skipped"


async def test_an_empty_registry_is_well(start_registry: StartRegistry) -> None:
    steps = await _all(access_of(start_registry()), "new/app", push=True)
    assert _states(steps) == "oo-o-o-o"
    assert "not there yet" in steps["pull"].detail


async def test_a_repository_that_is_not_there_cannot_be_read(start_registry: StartRegistry) -> None:
    steps = await _all(access_of(start_registry()), "new/app")
    assert _states(steps) == "oo-o-oF-"
    assert steps["pull"].kind == "GONE"


@pytest.mark.parametrize("mode", ["htpasswd", "token"])
async def test_a_wrong_password_stops_at_the_login(start_registry: StartRegistry, mode: str) -> None:
    steps = await _all(access_of(start_registry(mode), password="wrong"), "library/app", push=True)
    assert _states(steps) == "oo-oF---"
    assert steps["login"].kind == "AUTH"
    assert "password" in steps["login"].hint
    assert "wrong" not in str(steps).replace("wrong password", "")


async def test_a_wrong_password_is_sent_once(play: Any) -> None:
    played = await play(username="ferry", password="right")
    access = replace(played.access, credential=Credential("ferry", "wrong"))
    assert _states(await _all(access, "library/app", push=True)) == "oo-oF---"
    assert played.logins == ["GET /v2/"]


async def test_no_login_where_basic_is_wanted(start_registry: StartRegistry) -> None:
    steps = await _all(access_of(start_registry("htpasswd"), anonymous=True))
    assert _states(steps) == "oo-oF---"
    assert steps["login"].kind == "AUTH"


async def test_no_login_where_a_token_may_do(start_registry: StartRegistry) -> None:
    server = TokenServer({LOGIN.username: Account(LOGIN.password)}, anonymous={"library/.*": frozenset({"pull"})})
    try:
        registry = start_registry("token", token_server=server)
        corpus.push_all(registry, corpus.every_shape()[:1])
        steps = await _all(access_of(registry, anonymous=True), "library/app", push=True)
    finally:
        server.close()
    assert _states(steps) == "oo-o--oF"
    assert "lists" not in steps["list"].detail
    assert "without a login" in steps["list"].detail
    assert steps["push"].kind == "AUTH"


async def test_an_account_that_may_only_pull(start_registry: StartRegistry) -> None:
    accounts = {LOGIN.username: Account(LOGIN.password, {"library/.*": frozenset({"pull"})})}
    server = TokenServer(accounts)
    try:
        registry = start_registry("token", token_server=server)
        corpus.push_all(registry, corpus.every_shape()[:1])
        steps = await _all(access_of(registry), "library/app", push=True)
    finally:
        server.close()
    assert _states(steps) == "oo-oo-oF"
    assert steps["push"].kind == "DENIED"
    assert "push" in steps["push"].hint


async def test_an_account_that_may_not_cancel(start_registry: StartRegistry) -> None:
    accounts = {LOGIN.username: Account(LOGIN.password, {".*": frozenset({"pull", "push"})})}
    server = TokenServer(accounts)
    try:
        steps = await _all(access_of(start_registry("token", token_server=server)), "library/app", push=True)
    finally:
        server.close()
    assert steps["push"].state == "ok"
    assert "drops it later" in steps["push"].detail


async def test_a_read_only_registry_takes_no_push(start_registry: StartRegistry) -> None:
    steps = await _all(access_of(start_registry(read_only=True)), "library/app", push=True)
    assert steps["push"].state == "failed"
    assert steps["push"].hint


async def test_an_unknown_ca(start_registry: StartRegistry) -> None:
    steps = await _all(Access(Connection(start_registry("tls").address)))
    assert _states(steps) == "ooF-----"
    assert steps["tls"].kind == "TRUST"
    assert "CA" in steps["tls"].hint


async def test_a_certificate_that_is_not_checked(start_registry: StartRegistry) -> None:
    steps = await _all(Access(Connection(start_registry("tls").address, verify=False)))
    assert "F" not in _states(steps)
    assert "not checked" in steps["tls"].detail


async def test_https_where_there_is_none(start_registry: StartRegistry) -> None:
    steps = await _all(Access(Connection(start_registry().address)))
    assert _states(steps) == "ooF-----"
    assert "http" in steps["tls"].hint


async def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        steps = await _all(Access(Connection(f"127.0.0.1:{taken.getsockname()[1]}")))
    assert _states(steps) == "oF------"
    assert "nothing listens" in steps["tcp"].hint
    assert steps["tcp"].kind == "NET"


async def test_an_unknown_name() -> None:
    steps = await _all(Access(Connection("registry.invalid")))
    assert _states(steps) == "F-------"
    assert "registry.invalid" in steps["name"].detail


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
async def test_no_catalog_is_no_failure(play: Any, status: int) -> None:
    played = await play(lambda request: web.Response(status=status) if request.path == "/v2/_catalog" else None)
    steps = await _all(played.access, "new/app", push=True)
    assert _states(steps) == "oo-o---o"
    assert "type the names" in steps["list"].hint


async def test_a_failing_catalog_is_one(play: Any) -> None:
    played = await play(lambda request: web.Response(status=500) if request.path == "/v2/_catalog" else None)
    steps = await _all(played.access)
    assert _states(steps) == "oo-o-F--"
    assert played.count("GET /v2/_catalog") == 1


async def test_pushing_leaves_nothing_behind_and_happens_only_when_asked(play: Any) -> None:
    played = await play()
    await _all(played.access, "team/app")
    assert not [request for request in played.requests if not request.startswith(("GET", "HEAD"))]
    await _all(played.access, "team/app", push=True)
    begun, given_up = [request for request in played.requests if not request.startswith(("GET", "HEAD"))]
    assert begun == "POST /v2/team/app/blobs/uploads/"
    assert given_up.startswith("DELETE /v2/team/app/blobs/uploads/")


async def test_a_portal_in_place_of_the_registry(play: Any) -> None:
    page = web.Response(text="<html>please log in</html>", content_type="text/html")
    steps = await _all((await play(lambda _: page)).access)
    assert _states(steps) == "oo-F----"


async def test_a_proxy_is_what_is_reached(play: Any) -> None:
    """The embedded registry answers a proxy's request too: the URL is whole, and its path is what counts."""
    played = await play()
    connection = Connection("registry.invalid", scheme="http", proxy=f"http://{played.registry.address}")
    steps = await _all(Access(connection), "team/app", push=False)
    assert steps["name"].detail.startswith("the proxy")
    assert steps["tcp"].detail.startswith("the proxy")
    assert steps["tls"].state == "skipped"
    assert steps["api"].state == "ok", steps["api"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("team-vpc.tencentcloudcr.invalid", ""),
        ("team.tencentcloudcr.com", "TCR"),
        ("team-registry.cn-beijing.cr.aliyuncs.com", "ACR Enterprise"),
        ("registry-vpc.cn-beijing.aliyuncs.com", "VPC"),
    ],
)
async def test_a_cloud_that_does_not_answer_has_a_usual_reason(
    monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    """No packet leaves: the name is pointed to a port of this machine where nothing listens."""
    loop = asyncio.get_running_loop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def nowhere(*_: object, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(loop, "getaddrinfo", nowhere)
        steps = await _all(Access(Connection(address)))
    assert steps["tcp"].state == "failed"
    assert words in steps["tcp"].hint


async def test_an_impossible_name_is_said_before_anything_is_asked(play: Any) -> None:
    played = await play()
    with pytest.raises(InvalidReference):
        await _all(played.access, "No/Good")
    assert played.requests == []
