"""Harbor's tasks in our words: what they are about, what became of them, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.reference import Reference, Repository
from tui.plan.expand import Pair
from tui.providers.harbor.content import artifact_of, artifacts_of_tags, project_of, repository_of
from tui.providers.harbor.replication.documents import execution_of, policy_of, registry_of, task_of
from tui.providers.harbor.replication.model import Execution, ReplicationTask
from tui.providers.harbor.replication.outcome import (
    Resource,
    merged,
    of_pairs,
    outcome_of,
    problem_of,
    reason_in,
    resource_of,
)

LOG = [
    "2024-05-01T00:00:00Z [INFO] [/controller/replication/transfer/image/transfer.go:125]: client for source created",
    "2024-05-01T00:00:01Z [ERROR] [/controller/replication/transfer/image/transfer.go:182]: failed to push: {why}",
    "2024-05-01T00:00:02Z [INFO] [/jobservice/runner/redis.go:152]: Retrying",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop/api [3 item(s) in total]", Resource("shop/api", items=3)),
        ("shop/api:[v1,v2]", Resource("shop/api", ("v1", "v2"), 2)),
        ("shop/api:[v1, v2 ]", Resource("shop/api", ("v1", "v2"), 2)),
        ("shop/api", Resource("shop/api")),
        ("", Resource("")),
        ("[x\x1b[2J", Resource("[x\\x1b[2J")),
    ],
)
def test_what_a_task_is_about(text: str, expected: Resource) -> None:
    assert resource_of(text) == expected


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Pending", "pending"),
        ("Initialized", "pending"),
        ("InProgress", "running"),
        ("Succeed", "done"),
        ("Failed", "failed"),
        ("Stopped", "cancelled"),
        ("Unheard", "running"),
    ],
)
def test_states(status: str, state: str) -> None:
    assert outcome_of(ReplicationTask(1, 2, status)).state == state


@pytest.mark.parametrize(
    ("why", "failure"),
    [
        ("http status code: 401, body: x", "AUTH"),
        ("denied: requested access", "DENIED"),
        ("http error: code 412, message Failed to process request due to 'a:v1' configured as immutable.", "IMMUTABLE"),
        ("will exceed the configured upper limit of 1 GiB", "QUOTA"),
        ("dial tcp: lookup r.example on 127.0.0.11:53: no such host", "NET"),
        ("x509: certificate signed by unknown authority", "TRUST"),
        ("manifest sha256:ab401c403 broke", "SRV"),
        ("artifact library/a:v1 not found", "GONE"),
    ],
)
def test_reasons(why: str, failure: str) -> None:
    log = [line.replace("{why}", why) for line in LOG]
    outcome = outcome_of(ReplicationTask(1, 2, "Failed"), log)
    assert outcome.message == f"failed to push: {why}"
    assert outcome.failure == failure
    assert outcome.hint


def test_a_failure_without_a_log() -> None:
    outcome = outcome_of(ReplicationTask(1, 2, "Failed"))
    assert outcome.message
    assert outcome.failure == "SRV"


def test_a_log_cannot_move_the_cursor() -> None:
    assert "\x1b" not in reason_in(["t [ERROR] [x]: a\x1b[2Jb"])


@pytest.mark.parametrize(
    ("execution", "words"),
    [
        (Execution(1, 2, "InProgress"), ""),
        (Execution(1, 2, "Succeed", total=3), ""),
        (Execution(1, 2, "Failed", total=3, failed=1), ""),
        (Execution(1, 2, "Succeed"), "nothing matched"),
        (Execution(1, 2, "Failed", "failed to fetch\x1b artifacts"), "failed to fetch\\x1b artifacts"),
        (Execution(1, 2, "Failed"), "does not say why"),
    ],
)
def test_an_execution_as_a_whole(execution: Execution, words: str) -> None:
    said = problem_of(execution)
    assert words in said
    assert bool(said) is bool(words)


def _pair(path: str, tag: str) -> Pair:
    return Pair(Reference(Repository("h", path), tag=tag), Reference(Repository("t", f"x/{path}"), tag=tag))


def _task(execution: int, path: str, status: str, tags: str = " [2 item(s) in total]") -> ReplicationTask:
    return ReplicationTask(execution * 10, execution, status, source=path + tags, target=f"x/{path}{tags}")


def test_the_last_word_counts() -> None:
    outcomes = [outcome_of(_task(2, "a/b", "Succeed")), outcome_of(_task(1, "a/b", "Failed"))]
    assert [each.state for each in merged(outcomes)] == ["done"]


def test_pairs() -> None:
    named = outcome_of(_task(1, "a/n", "Succeed", ":[v1]"))
    outcomes = [named, outcome_of(_task(1, "a/b", "Failed")), outcome_of(_task(1, "a/r", "InProgress"))]
    pairs = [_pair("a/n", "v1"), _pair("a/n", "v2"), _pair("a/b", "v1"), _pair("a/r", "v1"), _pair("a/z", "v1")]
    over = of_pairs(pairs, outcomes)
    assert [each.state for each in over] == ["done", "failed", "failed", "running", "failed"]
    assert [each.failure for each in over] == ["", "GONE", "SRV", "", "GONE"]
    assert [each.task is None for each in over] == [False, True, False, False, True]
    under_way = of_pairs(pairs, outcomes, over=False)
    assert [each.state for each in under_way] == ["done", "pending", "failed", "running", "pending"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = (
    *("id", "digest", "tags", "labels", "references", "accessories", "extra_attrs", "metadata", "filters", "trigger"),
    *("current_user_role_ids", "src_registry", "dest_registry", "credential", "value", "type", "start_time", "name"),
    "platform",
)


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_nothing_that_harbor_sends_breaks_the_reading(document: dict[str, object]) -> None:
    read = [
        artifact_of(document, with_accessories=True),
        artifacts_of_tags([document]),
        project_of(document),
        repository_of(document),
        registry_of(document),
        policy_of(document),
        execution_of(document),
        task_of(document),
    ]
    assert len(read) == 8
