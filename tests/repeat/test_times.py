"""Cron expressions: what they mean, what is wrong with one, and how systemd and Kubernetes are told the same."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.repeat.times import Times, TimesError, jittered, seconds_of
from tui.repeat.written.calendar import calendar_events, kubernetes_schedule

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def times(cron: str, zone: str = "UTC") -> Times:
    return Times.parse(cron, zone)


def test_a_time_is_meant_in_its_zone() -> None:
    assert times("0 3 * * *", "Asia/Shanghai").after(START) == datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
    assert times("@daily").after(START) == datetime(2026, 11, 22, tzinfo=UTC)
    assert Times.parse("0 3 * * *").zone is not None


def test_a_time_that_a_clock_change_skips_comes_all_the_same() -> None:
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    comes = times("30 2 * * *", "Europe/Berlin")
    assert comes.after(before) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("* * * *", "has 4 fields"),
        ("0 0 3 * * *", "has 6 fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("", "has 0 fields"),
        ("@reboot", "has 1 field,"),
    ],
)
def test_what_is_no_expression_is_said(cron: str, said: str) -> None:
    with pytest.raises(TimesError) as caught:
        times(cron)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/passwd"])
def test_a_zone_that_is_none_is_said(zone: str) -> None:
    with pytest.raises(TimesError, match="time zone"):
        times("0 3 * * *", zone)


def test_missed_times_are_counted() -> None:
    hourly = times("0 * * * *")
    assert hourly.between(START, START + timedelta(hours=3)) == 3
    assert hourly.between(START, START) == 0
    assert hourly.between(START, START + timedelta(days=900)) == 1000


@given(st.floats(0, 1e6))
def test_a_run_is_never_put_off_into_the_next(jitter: float) -> None:
    every = times("*/10 * * * *")
    due = every.after(START)
    assert due <= jittered(every, due, jitter) <= due + timedelta(minutes=5)


def test_durations() -> None:
    assert [seconds_of(text) for text in ("90s", "10m", "1h", "2d", " 5m ")] == [90, 600, 3600, 172800, 300]
    for wrong in ("", "10", "1.5h", "m", "-5m", "10 minutes"):
        with pytest.raises(TimesError):
            seconds_of(wrong)


# For systemd and Kubernetes


@pytest.mark.parametrize(
    ("cron", "events"),
    [
        ("0 3 * * *", ["*-*-* 03:00:00 UTC"]),
        ("*/15 8-18 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 08..18:00,15,30,45:00 UTC"]),
        ("30 2 1,15 * 1", ["*-*-01,15 02:30:00 UTC", "Mon *-*-* 02:30:00 UTC"]),
        ("0 0 L * *", ["*-*~01 00:00:00 UTC"]),
        ("0 3 * * 5L", ["Fri *-*~07/1 03:00:00 UTC"]),
        ("0 3 * 6-8 3#2", ["Wed *-06..08-08..14 03:00:00 UTC"]),
        ("0 3 * * 0,7", ["Sun *-*-* 03:00:00 UTC"]),
    ],
)
def test_systemd_is_told_the_same(cron: str, events: list[str]) -> None:
    assert calendar_events(times(cron)) == events


_NUMBERS = st.sampled_from(["*", "0", "5,20", "*/2", "1-3", "3"])
_CRON = st.builds(
    lambda minute, hour, day, month, weekday: f"{minute} {hour} {day} {month} {weekday}",
    _NUMBERS, _NUMBERS, st.sampled_from(["*", "1", "1,15", "L", "10-12"]), st.sampled_from(["*", "1-3", "6"]),
    st.sampled_from(["*", "1-5", "0", "7", "5L", "3#2", "1,3"]),
)  # fmt: skip


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_comes_at_the_same_moments() -> None:
    """Held against systemd itself, some dozens of expressions in one go."""
    crons = ["0 3 * * *", "*/15 8-18 * * 1-5", "30 2 1,15 * *", "0 0 L * *", "0 3 * * 5L", "0 3 * * 3#2", "7 */5 * 2 7"]
    crons += ["0 0 1-7 * *", "59 23 31 12 *", "0 12 * 1-6 0", "5,20 0 10-12 * *", "0 3 * * 1#5", "*/2 1-3 1 6 *"]
    for cron in crons:
        (event,) = calendar_events(times(cron))
        moments = _systemd(event, 4)
        expected, found = times(cron).following(START), []
        for _ in moments:
            found.append(next(expected))
        assert moments == found, cron


@given(_CRON)
def test_every_expression_is_said_or_refused(cron: str) -> None:
    for translate in (calendar_events, kubernetes_schedule):
        try:
            said = translate(times(cron))
        except TimesError as error:
            said = error.hint
        assert said


def test_kubernetes_is_told_the_same_or_nothing() -> None:
    assert kubernetes_schedule(times("0 3 * JUL 1-5")) == "0 3 * JUL 1-5"
    assert kubernetes_schedule(times("0 3 * * 5-7")) == "0 3 * * 0,5,6"
    for cron in ("0 3 L * *", "0 3 * * 5L", "0 3 * * 3#2"):
        with pytest.raises(TimesError, match="Kubernetes cannot say"):
            kubernetes_schedule(times(cron))


def _systemd(event: str, count: int) -> list[datetime]:
    command = ["systemd-analyze", "calendar", f"--iterations={count}", "--base-time=2026-11-21 12:00:00 UTC", event]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "UTC", "LC_ALL": "C"}).stdout
    lines = [line for line in said.splitlines() if "Next elapse:" in line or "Iter. #" in line]
    return [datetime.strptime(" ".join(line.split()[-3:-1]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for line in lines]
