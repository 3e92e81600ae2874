"""Failures that pass: within one request, within a task, and in the retry phase for tasks and for whole rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real.conftest import StartRegistry
from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.flaky import Fault, FlakyProxy
from tests.support.pusher import push
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry

BEYOND_ONE_REQUEST = 7
"""More failures than one request is tried again for, so that the task or the rule fails in its first round."""


def attempts_of(cli: Cli, run: str) -> list[dict[str, Any]]:
    """Return the failed attempts the journal of `run` tells about."""
    result = cli.run("runs", "show", run, "--json")
    assert result.exit == 0, str(result)
    attempts: list[dict[str, Any]] = result.json()["attempts"]
    return attempts


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "/blobs/sha256", times=3, status=503),
        Fault("GET", "/blobs/sha256", times=3, status=0),
        Fault("GET|HEAD", "/manifests/", times=3, status=502),
        Fault("GET", "/tags/list", times=2, status=429, headers={"Retry-After": "1"}),
    ],
    ids=["blob-503", "blob-reset", "manifest-502", "tags-429"],
)
def test_a_source_that_stumbles(cli: Cli, source: RealRegistry, target: RealRegistry, fault: Fault) -> None:
    entries = corpus.push_all(source, corpus.shared_layers(2, 3, base_size=20_000, own_size=3_000))
    names = corpus.repositories(entries)
    with FlakyProxy(source.address, fault) as flaky:
        document = cli.sync({f"{flaky.address}/{name}": f"{target.address}/{name}" for name in names}).expect(0)
    assert fault.matched > fault.times
    assert document["tasks"]["done"] == corpus.tag_count(entries)
    if fault.status:  # a lost connection that was kept open is opened again below us, uncounted
        assert document["attempts"]["retried"] >= 1
    assert assert_same(source, target, names) == corpus.tag_count(entries)
    assert target.uploads_bytes() == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "/blobs/uploads/", times=3, status=503),
        Fault("PUT", "/blobs/uploads/", times=2, status=0),
        Fault("PUT|PATCH", "/blobs/uploads/", times=2, status=0, after=True),
        Fault("PUT", "/manifests/", times=2, status=500),
        Fault("PUT", "/manifests/", times=2, status=0, after=True),
        Fault("HEAD", "/blobs/", times=2, status=504),
        Fault("POST", "mount=", times=2, status=0, after=True),
    ],
    ids=[
        "begin-503",
        "blob-reset",
        "blob-answer-lost",
        "manifest-500",
        "manifest-answer-lost",
        "head-504",
        "mount-answer-lost",
    ],
)
def test_a_target_that_stumbles(cli: Cli, source: RealRegistry, target: RealRegistry, fault: Fault) -> None:
    entries = corpus.push_all(source, corpus.shared_layers(2, 3, base_size=20_000, own_size=3_000))
    names = corpus.repositories(entries)
    for name in names:  # in a repository that is there, blobs are looked for before they are uploaded
        push(target, name, images.image([images.layer("older")]), "older")
    with FlakyProxy(target.address, fault) as flaky:
        document = cli.sync({f"{source.address}/{name}": f"{flaky.address}/{name}" for name in names}).expect(0)
    assert fault.matched >= fault.times
    assert document["tasks"]["done"] == corpus.tag_count(entries)
    assert assert_same(source, target, names) == corpus.tag_count(entries)


def test_tasks_that_failed_are_done_in_the_retry_phase_and_the_journal_tells(
    cli: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    corpus.push_all(source, corpus.many_tags("library/app", 6))
    faults = [Fault("GET|HEAD", f"/manifests/{tag}$", times=BEYOND_ONE_REQUEST, status=503) for tag in ("t001", "t004")]
    with FlakyProxy(source.address, *faults) as flaky:
        rules = {f"{flaky.address}/library/app": f"{target.address}/library/app"}
        document = cli.sync(rules, options=("--retries", "3")).expect(0)
    assert document["tasks"]["done"] == 6
    assert document["attempts"]["retried"] >= 2
    assert assert_same(source, target, ["library/app"]) == 6
    attempts = attempts_of(cli, document["run"])
    assert {attempt["status"] for attempt in attempts} == {503}
    assert {attempt["source"].rpartition(":")[2] for attempt in attempts} == {"t001", "t004"}


def test_a_rule_that_could_not_be_listed_is_generated_again(
    cli: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    corpus.push_all(source, corpus.many_tags("library/late", 4))
    corpus.push_all(source, corpus.many_tags("library/early", 2))
    fault = Fault("GET", "/v2/library/late/tags/list", times=BEYOND_ONE_REQUEST, status=503)
    with FlakyProxy(source.address, fault) as flaky:
        names = ("library/late", "library/early")
        rules = {f"{flaky.address}/{name}": f"{target.address}/{name}" for name in names}
        document = cli.sync(rules, options=("--retries", "3")).expect(0)
    assert fault.matched > fault.times
    assert document["tasks"]["total"] == document["tasks"]["done"] == 6
    assert assert_same(source, target, names) == 6
    phases = {attempt["phase"] for attempt in attempts_of(cli, document["run"])}
    assert "generate" in phases or "retry" in phases


def test_without_retries_what_failed_is_left_as_retryable_and_runs_retry_finishes(
    cli: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    corpus.push_all(source, corpus.many_tags("library/app", 4))
    fault = Fault("GET|HEAD", "/manifests/t002$", times=BEYOND_ONE_REQUEST, status=503)
    with FlakyProxy(source.address, fault) as flaky:
        rules = {f"{flaky.address}/library/app": f"{target.address}/library/app"}
        document = cli.sync(rules, options=("--retries", "0")).expect(3)
        assert (document["tasks"]["done"], document["tasks"]["failed"]) == (3, 1)
        (failure,) = document["failed"]
        assert failure["source"].endswith("/library/app:t002")
        assert (failure["class"], failure["status"]) == ("SRV", 503)
        cli.run("runs", "retry", document["run"], "--json").expect(0)
    assert assert_same(source, target, ["library/app"]) == 4


@pytest.mark.parametrize("secret", ["kept", None], ids=["sessions-survive", "sessions-lost"])
def test_a_target_that_restarts_in_the_middle(
    cli: Cli, source: RealRegistry, start_registry: StartRegistry, secret: str | None
) -> None:
    target = start_registry(http_secret=secret)
    entries = corpus.push_all(source, corpus.many_tags("library/app", 40))
    push(source, "library/large", images.image([images.layer("large", 8_000_000)]), "v1")
    with FlakyProxy(source.address, delay=0.05) as slow:
        names = ("library/app", "library/large")
        rules = {f"{slow.address}/{name}": f"{target.address}/{name}" for name in names}
        process = cli.start(*cli.sync_arguments(rules, options=("--json", "--proc", "2", "--retries", "5")))
        try:
            target.wait_for_tags(3)
            target.stop()
            target.start()
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    assert assert_same(source, target, names) == len(entries) + 1
