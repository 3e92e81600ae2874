"""The harness judged by itself: skopeo copies, and the checks the other suites rely on see what they must see."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from urllib.error import HTTPError

import pytest

from tests.real.conftest import LOGIN, MODES, StartRegistry
from tests.support import corpus, images
from tests.support.flaky import Fault, FlakyProxy
from tests.support.latency import LatencyProxy
from tests.support.programs import path_of
from tests.support.pusher import push
from tests.support.reader import MissingContent, Reader, assert_nothing_half_pushed, assert_same
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import TokenServer


def skopeo_copy(source: RealRegistry, target: RealRegistry, name: str) -> None:
    """Copy one tag with all platforms, byte for byte."""
    trust = f"--dest-cert-dir={target.ca_file.parent}" if target.scheme == "https" else "--dest-tls-verify=false"
    login = [f"--dest-creds={target.login.username}:{target.login.password}"] if target.login else []
    names = [f"docker://{registry.address}/{name}" for registry in (source, target)]
    options = ["--all", "--preserve-digests", "--src-tls-verify=false", trust, *login]
    subprocess.run([str(path_of("skopeo")), "copy", *options, *names], check=True, capture_output=True)


@pytest.mark.parametrize("mode", MODES)
def test_a_foreign_tool_can_write_to_every_mode_and_the_reader_sees_equal_content(
    start_registry: StartRegistry, mode: str
) -> None:
    source, target = start_registry(), start_registry(mode)
    push(source, "library/multi", images.index([("linux/amd64", images.image([images.layer("a")]))]), "v1")
    skopeo_copy(source, target, "library/multi:v1")
    assert assert_same(source, target, ["library/multi"]) == 1
    assert target.uploads_bytes() == 0
    assert target.unreferenced() == []


@pytest.mark.parametrize("mode", ["htpasswd", "token"])
def test_a_wrong_password_is_refused(start_registry: StartRegistry, mode: str) -> None:
    registry = start_registry(mode)
    push(registry, "library/app", images.image([]), "v1")
    assert registry.login == LOGIN
    registry.login = Login(LOGIN.username, "wrong")
    with pytest.raises(MissingContent, match="auth"):
        Reader(registry).manifest("library/app", "v1")


def test_the_corpus_survives_its_own_check(source: RealRegistry, target: RealRegistry) -> None:
    entries = corpus.push_all(source, corpus.every_shape())
    corpus.push_all(target, corpus.every_shape())
    assert assert_same(source, target, corpus.repositories(entries)) == corpus.tag_count(entries)
    assert assert_nothing_half_pushed(target) == corpus.tag_count(entries)


def test_the_check_finds_flipped_bytes_a_missing_blob_and_another_manifest(
    source: RealRegistry, target: RealRegistry
) -> None:
    layer = images.layer("flipped")
    for registry in (source, target):
        push(registry, "library/app", images.image([layer]), "v1")
    path = target.blob_path(layer.digest)
    original = path.read_bytes()
    path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    with pytest.raises(AssertionError, match="reads as"):
        assert_same(source, target, ["library/app"])
    path.unlink()
    with pytest.raises(MissingContent, match=layer.digest):
        assert_nothing_half_pushed(target)
    path.write_bytes(original)
    assert assert_same(source, target, ["library/app"]) == 1
    push(target, "library/app", images.image([layer], label="other"), "v1")
    with pytest.raises(AssertionError, match="other bytes"):
        assert_same(source, target, ["library/app"])
    push(source, "library/app", images.image([layer]), "v2")
    with pytest.raises(AssertionError, match="missing at the target"):
        assert_same(source, target, ["library/app"])


def test_unfinished_uploads_are_counted(target: RealRegistry) -> None:
    begin = urllib.request.Request(f"{target.url}/v2/a/b/blobs/uploads/", method="POST", data=b"")
    with urllib.request.urlopen(begin) as answer:
        location = answer.headers["Location"]
    patch = urllib.request.Request(location, method="PATCH", data=bytes(12_345))
    patch.add_header("Content-Type", "application/octet-stream")
    with urllib.request.urlopen(patch) as answer:
        assert answer.status == 202
    assert target.uploads_bytes() == 12_345


def test_a_registry_keeps_address_and_content_over_a_restart(target: RealRegistry) -> None:
    push(target, "library/app", images.image([]), "v1")
    before = target.address
    target.stop()
    target.start()
    assert target.address == before
    assert Reader(target).tags("library/app") == ["v1"]


def test_a_registry_that_cannot_start_says_why(source: RealRegistry) -> None:
    second = RealRegistry()
    second.address = source.address
    with pytest.raises(RuntimeError, match="address already in use"), second:
        pass


def test_tokens_carry_only_what_the_account_may_do(token_server: TokenServer) -> None:
    token_server.anonymous = {"public/.*": frozenset({"pull"})}
    scopes = "&".join(f"scope=repository:{name}:pull,push" for name in ("public/app", "private/app"))
    with urllib.request.urlopen(f"{token_server.realm}?service=registry.test&{scopes}") as answer:
        assert json.load(answer)["token"]
    assert token_server.grant("", "repository:public/app:pull,push") == ("repository", "public/app", ["pull"])
    assert token_server.grant("", "repository:private/app:pull,push") == ("repository", "private/app", [])


def test_the_latency_proxy_adds_one_round_trip_per_request(source: RealRegistry) -> None:
    with LatencyProxy(source.address, one_way=0.05) as proxy:
        began = time.monotonic()
        with urllib.request.urlopen(f"http://{proxy.address}/v2/") as answer:
            assert answer.status == 200
        # The lower bound is the proxy's promise; there is no upper one on a busy machine.
        assert time.monotonic() - began >= 0.2


def test_the_flaky_proxy_fails_what_it_is_told_and_records_everything(source: RealRegistry) -> None:
    push(source, "library/app", images.image([]), "v1")
    with FlakyProxy(source.address, Fault("GET", "/tags/list", times=1, status=503)) as proxy:
        url = f"http://{proxy.address}/v2/library/app/tags/list"
        with pytest.raises(HTTPError, match="503"):
            urllib.request.urlopen(url)
        with urllib.request.urlopen(url) as answer:
            assert json.load(answer)["tags"] == ["v1"]
        proxy.faults.append(Fault("GET", "/v2/$", times=1, status=0))
        with pytest.raises(ConnectionError):
            urllib.request.urlopen(f"http://{proxy.address}/v2/")
        assert [(seen.status, seen.faulted) for seen in proxy.seen] == [(503, True), (200, False), (0, True)]
        assert proxy.count("GET", "/tags/list$") == 2
