"""Tokens that live shorter than the run, and logins that end in the middle of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.conftest import MB, Behind, Ferry
from tests.faults.large import plant_image
from tests.support import corpus
from tests.support.reader import assert_same
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer

LOGIN = Login("robot", "secret")
LIFE = 3.0


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    server = TokenServer({LOGIN.username: Account(LOGIN.password)}, lifetime=LIFE)
    yield server
    server.close()
    assert server.complaints == []


@pytest.mark.parametrize(
    ("tags", "large", "seconds"),
    [
        pytest.param(10, 12 * MB, 12, id="short"),
        pytest.param(100, 60 * MB, 120, id="two-minutes", marks=[pytest.mark.soak, pytest.mark.timeout(400)]),
    ],
)
def test_tokens_that_live_three_seconds(
    ferry: Ferry,
    source: RealRegistry,
    token_server: TokenServer,
    behind: Behind,
    tags: int,
    large: int,
    seconds: int,
) -> None:
    names = ["library/many", "library/large"]
    corpus.push_all(source, corpus.many_tags("library/many", tags))
    plant_image(source, "library/large", "v1", large)
    with RealRegistry(token_server=token_server, login=LOGIN) as target:
        down, up = behind(source), behind(target)
        down.shape(latency=0.02, bandwidth=large / seconds)
        ferry.docker_login((up.address, LOGIN))
        plan = ferry.write_plan(down.address, up.address, concurrency=4)
        document = ferry.run("run", str(plan), "--json", "--retries", "0", timeout=300).expect(0)
        assert document["tasks"]["failed"] == 0
        assert document["seconds"] > 2 * LIFE
        assert ferry.attempts(document["run"]) == []
        issued = [request for request in token_server.requests if request.status == 200]
        lives = document["seconds"] / LIFE
        by_scope = Counter(request.scopes for request in issued)
        # Refreshed at four fifths of its life: one for each life and scope, and one that was asked for in advance.
        assert max(by_scope.values()) <= lives / 0.8 + 2, by_scope
        assert len(issued) >= lives - 2
        assert assert_same(source, target, names, skopeo_up_to=1) == tags + 1
        assert target.uploads_bytes() == 0


def test_a_password_that_is_changed_in_the_middle_of_a_run(
    ferry: Ferry, source: RealRegistry, token_server: TokenServer, behind: Behind
) -> None:
    corpus.push_all(source, corpus.many_tags("library/many", 60))
    with RealRegistry(token_server=token_server, login=LOGIN) as target:
        down = behind(source)
        down.shape(latency=0.08)
        ferry.docker_login((target.address, LOGIN))
        plan = ferry.write_plan(down.address, target.address, concurrency=2)
        process = ferry.start("run", str(plan), "--json", "--retries", "0")
        target.wait_for_tags(3)
        token_server.accounts[LOGIN.username] = Account("another")
        asked_before = len(token_server.requests)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 4, f"{out}\n{err}"
        refused = [request for request in token_server.requests[asked_before:] if request.status == 401]
        assert 1 <= len(refused) <= 3, "a login that was refused must not be sent again and again"
        ferry.docker_login((target.address, Login(LOGIN.username, "another")))
        down.shape()
        run = ferry.newest_run()
        ended = json.loads(out)
        assert (ended["state"], ended["tasks"]["failed"], ended["failed"]) == ("stopped", 0, [])
        assert [registry["state"] for registry in ended["registries"]] == ["login"]
        resumed = ferry.run("runs", "resume", run, "--json").expect(0)
        assert resumed["registries"] == []
        assert resumed["tasks"]["failed"] == 0
        assert assert_same(source, target_as(target, "another"), ["library/many"], skopeo_up_to=1) == 60


def target_as(target: RealRegistry, password: str) -> RealRegistry:
    """Return the registry with the login that is right now."""
    target.login = Login(LOGIN.username, password)
    return target
