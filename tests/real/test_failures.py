"""What cannot be copied is named with a next step, has its exit status, and never holds up or damages the rest."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.real.conftest import LOGIN, StartRegistry
from tests.support import corpus, images
from tests.support.cli import Cli, auth_entry
from tests.support.pusher import push
from tests.support.reader import Reader, assert_nothing_half_pushed, assert_same, catalog
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer

GOOD_TAGS = 3
WRONG = Login(LOGIN.username, "wrong")


@pytest.fixture
def good(source: RealRegistry) -> list[corpus.Entry]:
    """Three tags that can be copied: what must be done in every run of this suite."""
    return corpus.push_all(source, corpus.many_tags("good/app", GOOD_TAGS))


class Run:
    """A sync of the good repository and of something bad besides."""

    def __init__(self, cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
        self._cli, self._source, self._target = cli, source, target
        self._auth: dict[str, Any] = {}

    def login(self, registry: RealRegistry, login: Login | None = None) -> None:
        """Give the run a login for `registry`, its own or another."""
        used = login or registry.login
        self._auth[registry.address] = auth_entry(registry) | (
            {"username": used.username, "password": used.password} if used else {}
        )

    def expect(self, status: int, bad: Mapping[str, str], kind: str | Iterable[str]) -> list[dict[str, Any]]:
        """Run with the `bad` rules; check exit status, class, messages, the good tasks, and return the failures."""
        good = {f"{self._source.address}/good/app": f"{self._target.address}/good/app"}
        auth = self._cli.write("auth.yaml", self._auth)
        rules = self._cli.write("images.yaml", {**bad, **good})
        arguments = ("sync", "--auth", auth, "--images", rules, "--retries", "1")
        document = self._cli.run(*arguments, "--json").expect(status)

        assert document["tasks"]["done"] == GOOD_TAGS
        assert assert_same(self._source, self._target, ["good/app"]) == GOOD_TAGS
        assert assert_nothing_half_pushed(self._target) >= GOOD_TAGS
        failures: list[dict[str, Any]] = document["failed"]
        assert failures
        kinds = {kind} if isinstance(kind, str) else set(kind)
        for failure in failures:
            assert failure["class"] in kinds, failure
            assert any(failure["source"].startswith(re.sub(r":[^/]*,.*$", ":", name)) for name in bad), failure
            assert failure["target"].startswith(self._target.address.partition(":")[0]), failure
            assert failure["message"], failure
            assert failure["hint"], failure
        return failures

    def says(self, *words: str) -> None:
        """Run once more for people, without --json, and check that its output has all `words`."""
        arguments = ("sync", "--auth", self._cli.folder / "auth.yaml", "--images", self._cli.folder / "images.yaml")
        result = self._cli.run(*arguments, "--retries", "0")
        for word in words:
            assert word in result.out + result.err, str(result)
        assert "Traceback" not in result.out + result.err, str(result)


@pytest.fixture
def run(cli: Cli, source: RealRegistry, target: RealRegistry, good: list[corpus.Entry]) -> Run:
    """A sync with something to do besides what fails."""
    assert len(good) == GOOD_TAGS
    return Run(cli, source, target)


@pytest.mark.parametrize("mode", ["htpasswd", "token"])
def test_wrong_password_at_the_source(run: Run, start_registry: StartRegistry, target: RealRegistry, mode: str) -> None:
    locked = start_registry(mode)
    corpus.push_all(locked, corpus.many_tags("locked/app", 2))
    run.login(locked, WRONG)
    failures = run.expect(4, {f"{locked.address}/locked/app": f"{target.address}/locked/app"}, "AUTH")
    assert len(failures) == 1
    run.says(locked.address, "locked/app", failures[0]["hint"])


@pytest.mark.parametrize("mode", ["htpasswd", "token"])
def test_wrong_password_at_the_target(run: Run, start_registry: StartRegistry, source: RealRegistry, mode: str) -> None:
    locked = start_registry(mode)
    push(source, "other/app", images.image([images.layer("other")]), "v1")
    run.login(locked, WRONG)
    name = f"{locked.address}/other/app"
    failures = run.expect(4, {f"{source.address}/other/app:v1": name}, "AUTH")
    run.says(locked.address, "other/app", failures[0]["hint"])
    assert catalog(locked) == []


def test_a_wrong_password_is_not_tried_for_every_tag(
    run: Run, start_registry: StartRegistry, target: RealRegistry, token_server: TokenServer
) -> None:
    """Accounts get locked after a few wrong passwords, so twenty tags must not mean twenty attempts."""
    locked = start_registry("token")
    tags = ",".join(f"t{number:03}" for number in range(20))
    run.login(locked, WRONG)
    run.expect(4, {f"{locked.address}/locked/app:{tags}": f"{target.address}/locked/app"}, "AUTH")
    refused = [request for request in token_server.requests if request.status == 401]
    assert 1 <= len(refused) <= 5


def test_no_password_where_one_is_needed(run: Run, start_registry: StartRegistry, target: RealRegistry) -> None:
    locked = start_registry("htpasswd")
    push(locked, "locked/app", images.image([]), "v1")
    run.expect(4, {f"{locked.address}/locked/app:v1": f"{target.address}/locked/app"}, "AUTH")


def test_unknown_host(run: Run, target: RealRegistry) -> None:
    failures = run.expect(1, {"nosuchhost.invalid/some/app:v1": f"{target.address}/some/app"}, "NET")
    assert "nosuchhost.invalid" in failures[0]["message"] + failures[0]["source"]
    run.says("nosuchhost.invalid", failures[0]["hint"])


def test_refused_connection(run: Run, target: RealRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    failures = run.expect(3, {f"{address}/some/app:v1": f"{target.address}/some/app"}, "NET")
    assert "refused" in failures[0]["message"].lower()


@pytest.mark.parametrize("name", ["missing/app", "missing/app:v1", "good/app:missing"])
def test_missing_at_the_source(run: Run, source: RealRegistry, target: RealRegistry, name: str) -> None:
    failures = run.expect(1, {f"{source.address}/{name}": f"{target.address}/missing/app"}, "GONE")
    assert failures[0]["status"] == 404
    run.says(name, failures[0]["hint"])
    assert catalog(target) == ["good/app"]


def test_a_target_that_denies_the_push(run: Run, start_registry: StartRegistry, source: RealRegistry) -> None:
    reader = Login("reader", "secret")
    server = TokenServer({reader.username: Account(reader.password, {".*": frozenset({"pull"})})})
    try:
        denying = start_registry("token", token_server=server, login=reader)
        push(source, "other/app", images.image([images.layer("other")]), "v1")
        run.login(denying)
        rule = {f"{source.address}/other/app:v1": f"{denying.address}/other/app"}
        failures = run.expect(1, rule, "DENIED")
        assert failures[0]["status"] in (401, 403)
        run.says(denying.address, "other/app:v1", failures[0]["hint"])
        assert catalog(denying) == []
        assert server.complaints == []
    finally:
        server.close()


def test_a_read_only_target(run: Run, start_registry: StartRegistry, source: RealRegistry) -> None:
    closed = start_registry(read_only=True)
    push(source, "other/app", images.image([images.layer("other")]), "v1")
    failures = run.expect(1, {f"{source.address}/other/app:v1": f"{closed.address}/other/app"}, ("POLICY", "DENIED"))
    assert failures[0]["status"] == 405


def test_a_certificate_of_an_unknown_authority(run: Run, start_registry: StartRegistry, target: RealRegistry) -> None:
    stranger = start_registry("tls")
    push(stranger, "other/app", images.image([]), "v1")
    rule = {f"{stranger.address}/other/app:v1": f"{target.address}/other/app"}
    failures = run.expect(1, rule, "TRUST")
    assert "certificate" in failures[0]["message"].lower()
    run.says(failures[0]["hint"])


def test_a_corrupt_blob_at_the_source(run: Run, source: RealRegistry, target: RealRegistry) -> None:
    layer = images.layer("corrupt", 50_000)
    push(source, "bad/app", images.image([images.layer("fine"), layer]), "v1", "v2")
    push(source, "bad/app", images.image([images.layer("fine")]), "v3")
    source.corrupt(layer.digest)
    bad = {f"{source.address}/bad/app:{tag}": f"{target.address}/bad/app" for tag in ("v1", "v2")}
    failures = run.expect(1, bad, "INTEGRITY")
    assert sorted(failure["source"].rpartition(":")[2] for failure in failures) == ["v1", "v2"]
    assert all(layer.digest in failure["message"] for failure in failures)
    assert Reader(target).tags("bad/app") == []
    assert not target.blob_path(layer.digest).exists()
    assert target.uploads_bytes() == 0
    run.says("bad/app:v1", "bad/app:v2", layer.digest, failures[0]["hint"])


def test_a_corrupt_blob_leaves_the_other_tags_of_its_repository_alone(
    cli: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    layer = images.layer("corrupt", 50_000)
    push(source, "bad/app", images.image([images.layer("fine"), layer]), "v1")
    push(source, "bad/app", images.image([images.layer("fine")]), "v2", "v3")
    source.corrupt(layer.digest)
    document = cli.sync({f"{source.address}/bad/app": f"{target.address}/bad/app"}).expect(1)
    assert (document["tasks"]["done"], document["tasks"]["failed"]) == (2, 1)
    assert Reader(target).tags("bad/app") == ["v2", "v3"]
    assert assert_nothing_half_pushed(target) == 2


def test_a_child_that_is_missing_keeps_its_index_away(run: Run, source: RealRegistry, target: RealRegistry) -> None:
    layer = images.layer("gone")
    children = [("linux/amd64", images.image([layer])), ("linux/arm64", images.image([images.layer("there")]))]
    push(source, "bad/app", images.index(children), "v1")
    source.blob_path(layer.digest).unlink()
    failures = run.expect(1, {f"{source.address}/bad/app:v1": f"{target.address}/bad/app"}, "GONE")
    assert layer.digest in failures[0]["message"]
    assert Reader(target).tags("bad/app") == []


def test_a_truncated_blob_at_the_source(run: Run, source: RealRegistry, target: RealRegistry) -> None:
    layer = images.layer("short", 50_000)
    push(source, "bad/app", images.image([layer]), "v1")
    path = source.blob_path(layer.digest)
    path.write_bytes(path.read_bytes()[:20_000])
    run.expect(1, {f"{source.address}/bad/app:v1": f"{target.address}/bad/app"}, "INTEGRITY")
    assert Reader(target).tags("bad/app") == []


def test_a_rule_that_cannot_be_read_stops_before_anything_is_written(
    cli: Cli, source: RealRegistry, target: RealRegistry, good: list[corpus.Entry]
) -> None:
    rules: dict[str, str | list[str]] = {
        f"{source.address}/good/app": f"{target.address}/good/app",
        f"{source.address}/good/app:/broken": f"{target.address}/good/app",
    }
    result = cli.sync(rules)
    assert result.exit == 2, str(result)
    assert "/broken" in result.out + result.err, str(result)
    assert catalog(target) == []
