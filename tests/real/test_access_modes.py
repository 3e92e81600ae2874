"""Every way registries let one in (open, htpasswd, token, TLS of an own CA), at the source and at the target."""

from __future__ import annotations

import pytest

from tests.real.conftest import MODES, StartRegistry
from tests.support import corpus
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.reader import assert_same
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer

PAIRS = [
    *((mode, "plain") for mode in MODES),
    *(("plain", mode) for mode in MODES if mode != "plain"),
    ("tls", "token"),
]


@pytest.mark.parametrize(("source_mode", "target_mode"), PAIRS)
def test_sync_copies_every_shape(cli: Cli, start_registry: StartRegistry, source_mode: str, target_mode: str) -> None:
    source, target = start_registry(source_mode), start_registry(target_mode)
    entries = corpus.push_all(source, corpus.every_shape())
    pairs = {name: f"mirror/{name}" for name in corpus.repositories(entries)}
    rules = {f"{source.address}/{here}": f"{target.address}/{there}" for here, there in pairs.items()}

    document = cli.sync(rules, source, target).expect(0)

    assert document["tasks"]["done"] == corpus.tag_count(entries)
    assert document["failed"] == []
    assert assert_same(source, target, pairs) == corpus.tag_count(entries)
    assert target.uploads_bytes() == 0
    # Only what its garbage collection would take at the source too: it forgets the layers of sha512 digests.
    assert target.unreferenced() == source.unreferenced()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("side", ["source", "target"])
def test_copy_takes_logins_from_docker_and_trust_from_flags(
    cli: Cli, start_registry: StartRegistry, mode: str, side: str
) -> None:
    source = start_registry(mode if side == "source" else "plain")
    target = start_registry(mode if side == "target" else "plain")
    entries = [entry for entry in corpus.every_shape() if entry.repository == "library/app"]
    corpus.push_all(source, entries)
    cli.docker_login(*((one.address, one.login) for one in (source, target) if one.login))
    flag = {"source": "--src-ca-file", "target": "--dest-ca-file"}[side]
    trust = (flag, {"source": source, "target": target}[side].ca_file) if mode == "tls" else ()

    names = (f"{source.address}/library/app", f"{target.address}/other/app")
    document = cli.run("copy", *names, "--json", *trust).expect(0)

    assert document["tasks"]["done"] == corpus.tag_count(entries)
    assert assert_same(source, target, {"library/app": "other/app"}) == corpus.tag_count(entries)


@pytest.mark.parametrize(
    ("mode", "flag"), [("tls", "--src-insecure"), ("plain", "--src-plain-http")], ids=["insecure", "plain-http"]
)
def test_copy_reaches_the_source_as_its_flag_says(
    cli: Cli, start_registry: StartRegistry, target: RealRegistry, mode: str, flag: str
) -> None:
    source = start_registry(mode)
    corpus.push_all(source, corpus.every_shape()[:1])
    names = (f"{source.address}/library/app:v1", f"{target.address}/library/app:v1")
    cli.run("copy", *names, "--json", flag).expect(0)
    assert_same(source, target, ["library/app"], tags=["v1"])


@pytest.mark.parametrize(
    ("mode", "flag"), [("tls", "--dest-insecure"), ("plain", "--dest-plain-http")], ids=["insecure", "plain-http"]
)
def test_copy_reaches_the_target_as_its_flag_says(
    cli: Cli, start_registry: StartRegistry, source: RealRegistry, mode: str, flag: str
) -> None:
    target = start_registry(mode)
    corpus.push_all(source, corpus.every_shape()[:1])
    names = (f"{source.address}/library/app:v1", f"{target.address}/library/app:v1")
    cli.run("copy", *names, "--json", flag).expect(0)
    assert_same(source, target, ["library/app"], tags=["v1"])


def test_tokens_that_die_in_the_middle_are_renewed(cli: Cli, start_registry: StartRegistry) -> None:
    """The server says 60 seconds, the registry takes them for 3: only a 401 in the middle of the work tells."""
    server = TokenServer({"short": Account("lived")}, lifetime=3, announced=60)
    try:
        source, target = start_registry(), start_registry("token", token_server=server, login=Login("short", "lived"))
        entries = corpus.push_all(source, corpus.many_tags(count=60))
        with FlakyProxy(target.address, delay=0.1) as slow:
            auth = cli.write("auth.yaml", {slow.address: {"username": "short", "password": "lived"}})
            rules = cli.write("images.yaml", {f"{source.address}/library/many": f"{slow.address}/library/many"})
            result = cli.run("sync", "--auth", auth, "--images", rules, "--proc", "2", "--json")
            refused = slow.count("GET|HEAD|POST|PUT|PATCH", "/v2/library", where=lambda seen: seen.status == 401)
        document = result.expect(0)
        assert document["tasks"]["done"] == len(entries)
        assert refused >= 1
        assert server.complaints == []
        assert {request.status for request in server.requests} == {200}
        assert_same(source, target, ["library/many"])
    finally:
        server.close()
