"""What is tried again, and the exit code: by table."""

from __future__ import annotations

import pytest

from tui.engine.outcome import MEANING, exit_code
from tui.engine.retry import pause_before, worth_retrying
from tui.engine.tasks import NO_FAILURE, Failure, Task
from tui.oci import errors
from tui.oci.answers import ManifestBlobUnknown
from tui.oci.errors import RegistryError
from tui.oci.reference import Reference

TABLE = [  # error, exit code when it is left, tried again in round 1, in round 2
    (errors.NetworkError, 3, True, True),
    (errors.Throttled, 3, True, True),
    (errors.ServerError, 3, True, True),
    (ManifestBlobUnknown, 3, True, True),
    (errors.UploadSessionLost, 3, True, True),
    (errors.RangeNotAccepted, 3, True, True),
    (errors.NotFound, 1, True, False),
    (errors.IntegrityError, 1, True, False),
    (errors.PolicyRefused, 1, True, False),
    (errors.Conflict, 1, False, False),
    (errors.Denied, 1, False, False),
    (errors.UntrustedAnswer, 1, False, False),
    (errors.UnsupportedContent, 1, False, False),
    (errors.Unauthenticated, 4, False, False),
    (errors.LocalError, 5, False, False),
]


@pytest.mark.parametrize(("kind", "code", "once", "twice"), TABLE)
def test_what_is_tried_again_and_how_it_ends(kind: type[RegistryError], code: int, once: bool, twice: bool) -> None:
    failure = Failure.of(kind("it failed"))
    assert (worth_retrying(failure, 1), worth_retrying(failure, 2)) == (once, twice)
    assert exit_code([failure]) == code
    assert code in MEANING


def of(*kinds: type[RegistryError]) -> list[Failure]:
    return [Failure.of(kind("it failed")) for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ([], 0),
        ([errors.NetworkError, errors.ServerError], 3),
        ([errors.NetworkError, errors.NotFound], 1),
        ([errors.NotFound, errors.Unauthenticated, errors.NetworkError], 4),
        ([errors.Unauthenticated, errors.LocalError, errors.NotFound], 5),
    ],
)
def test_what_a_person_must_mend_first_decides(kinds: list[type[RegistryError]], code: int) -> None:
    assert exit_code(of(*kinds)) == code
    assert exit_code(reversed(of(*kinds))) == code


def test_the_pause_doubles_up_to_a_minute() -> None:
    for round_, longest in [(1, 1), (2, 2), (3, 4), (7, 60), (1000, 60)]:
        pauses = [pause_before(round_) for _ in range(200)]
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(set(pauses)) > 1


def test_a_failure_survives_the_journal() -> None:
    error = errors.Denied("no", reference="t/a:v1", status=403, code="DENIED", hint="ask")
    failure = Failure.of(error)
    assert failure == Failure("DENIED", 403, "DENIED", str(error), "ask", retryable=False)
    assert Failure.from_row(failure.columns()) == failure
    assert Failure.from_row(NO_FAILURE) is None


@pytest.mark.parametrize("text", ["s.example/a/b:v1", f"s.example/a/b@sha256:{'0' * 64}"])
def test_a_task_survives_the_journal(text: str) -> None:
    task = Task(7, 2, Reference.parse(text), Reference.parse(text))
    row = {**task.row(), "attempts": 0, "pinned": "", "root": "", "replaces": "", "bytes_total": 0, **NO_FAILURE}
    assert Task.from_row(row) == task
    assert not task.resolved
