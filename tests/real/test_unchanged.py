"""Running the same thing again: it writes nothing, and asks as little as two questions per tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support import corpus
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.images import image, layer
from tests.support.pusher import push
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry


@dataclass(frozen=True)
class Synced:
    """A finished first run, and recording proxies in front of both registries with an empty record."""

    entries: list[corpus.Entry]
    rules: dict[str, str | list[str]]
    reading: FlakyProxy
    writing: FlakyProxy


@pytest.fixture
def synced(cli: Cli, source: RealRegistry, target: RealRegistry) -> Iterator[Synced]:
    """Sync everything once."""
    entries = corpus.push_all(source, corpus.every_shape())
    with FlakyProxy(source.address) as reading, FlakyProxy(target.address) as writing:
        names = corpus.repositories(entries)
        rules: dict[str, str | list[str]] = {f"{reading.address}/{name}": f"{writing.address}/{name}" for name in names}
        assert cli.sync(rules).expect(0)["tasks"]["done"] == corpus.tag_count(entries)
        reading.forget()
        writing.forget()
        yield Synced(entries, rules, reading, writing)


def test_a_second_run_writes_nothing_and_asks_two_questions_per_tag(cli: Cli, synced: Synced) -> None:
    document = cli.sync(synced.rules).expect(0)

    tags = corpus.tag_count(synced.entries)
    assert document["tasks"]["unchanged"] == document["tasks"]["total"] == tags
    assert document["bytes"]["read"] == document["bytes"]["written"] == 0
    for proxy in (synced.reading, synced.writing):
        assert proxy.requests("POST|PUT|PATCH|DELETE") == []
        assert proxy.requests("GET|HEAD", "/blobs/") == []
    asked = Counter(
        seen.path for proxy in (synced.reading, synced.writing) for seen in proxy.requests("GET|HEAD", "/manifests/")
    )
    assert max(asked.values()) <= 2, asked
    assert sum(asked.values()) <= 2 * tags
    repositories = len(corpus.repositories(synced.entries))
    assert synced.reading.count("GET", "/tags/list") == repositories
    assert synced.writing.count("GET", "/tags/list") == 0


def test_only_what_moved_is_copied(cli: Cli, synced: Synced, source: RealRegistry, target: RealRegistry) -> None:
    push(source, "library/app", image([layer("new content")], label="moved"), "latest")
    document = cli.sync(synced.rules).expect(0)
    assert document["tasks"]["done"] == 1
    assert document["tasks"]["unchanged"] == corpus.tag_count(synced.entries) - 1
    assert [seen.path for seen in synced.writing.requests("PUT", "/manifests/latest")] == [
        "/v2/library/app/manifests/latest"
    ]
    assert_same(source, target, ["library/app"])


def test_force_looks_at_everything_and_still_uploads_no_blob(
    cli: Cli, synced: Synced, source: RealRegistry, target: RealRegistry
) -> None:
    document = cli.sync(synced.rules, options=("--force",)).expect(0)
    assert document["tasks"]["done"] == corpus.tag_count(synced.entries)
    assert document["bytes"]["written"] == 0
    assert_same(source, target, corpus.repositories(synced.entries))


def test_a_blob_that_vanished_at_the_target_is_put_back_by_force(
    cli: Cli, synced: Synced, source: RealRegistry, target: RealRegistry
) -> None:
    lost = layer("app2")
    target.blob_path(lost.digest).unlink()
    cli.sync(synced.rules, options=("--force",)).expect(0)
    assert_same(source, target, ["library/app"])
