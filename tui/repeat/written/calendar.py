"""A cron expression as systemd's calendar events (systemd.time(7), "Calendar Events") and for Kubernetes.

cron joins day-of-month and day-of-week with "or" when both are limited, systemd with "and"; so those become two events.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from cronsim import CronSim

from tui.oci.saying import N_, phrase
from tui.repeat.times import Times, TimesError

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MINUTES, _HOURS, _MONTHS = range(60), range(24), range(1, 13)
_MONTH_DAYS, _WEEK = range(1, 32), range(7)
_LENGTH = 7


def calendar_events(times: Times) -> list[str]:
    """Return the values of `OnCalendar=` that mean the same together. Raises TimesError for what systemd cannot say."""
    parsed = CronSim(times.cron, datetime(2024, 1, 1, tzinfo=UTC))
    clock = f"{_numbers(parsed.hours, _HOURS)}:{_numbers(parsed.minutes, _MINUTES)}:00"
    months = _numbers(parsed.months, _MONTHS)
    zone = f" {times.timezone}" if times.timezone else ""
    any_day = set(parsed.days) == set(_MONTH_DAYS)
    weekdays = _weekdays(parsed)
    dates = [f"*-{months}{day}" for day in _days_of_month(parsed.days)]
    if weekdays == [("", "-*")]:
        found = dates
    elif any_day:
        found = [f"{name} *-{months}{days}" for name, days in weekdays]
    elif parsed.day_and:
        if any(days != "-*" for _, days in weekdays):
            raise _unsaid(times, "systemd")
        found = [f"{name} {date}" for name, _ in weekdays for date in dates]
    else:
        found = [*dates, *(f"{name} *-{months}{days}" for name, days in weekdays)]
    return [f"{event} {clock}{zone}" for event in found]


def kubernetes_schedule(times: Times) -> str:
    """Return the value of a CronJob's `schedule`. Raises TimesError for what it cannot say.

    It reads what Vixie cron does, with Sunday as 0 only and none of `L`, `W` and `#`.
    """
    *others, weekday = times.cron.split()
    if any(sign in times.cron.upper().replace("JUL", "") for sign in ("L", "#")):
        raise _unsaid(times, "Kubernetes")
    if "7" in weekday:
        parsed = CronSim(times.cron, datetime(2024, 1, 1, tzinfo=UTC))
        days = {cast("int", day) % _LENGTH for day in parsed.weekdays}
        weekday = ",".join(str(day) for day in sorted(days))
    return " ".join([*others, weekday])


def _weekdays(parsed: CronSim) -> list[tuple[str, str]]:
    """Return names of weekdays, each with the days of the month it is meant on (`-*` for all of them)."""
    plain = {day % _LENGTH for day in parsed.weekdays if isinstance(day, int)}
    if plain == set(_WEEK):
        return [("", "-*")]
    found = [(",".join(_DAYS[day] for day in sorted(plain)), "-*")] if plain else []
    for each in parsed.weekdays:
        if isinstance(each, tuple):
            day, number = each
            last = number == CronSim.LAST
            first = (number - 1) * _LENGTH + 1
            days = f"~{_LENGTH:02}/1" if last else f"-{first:02}..{min(first + _LENGTH - 1, 31):02}"
            found.append((_DAYS[day % _LENGTH], days))
    return sorted(found)


def _days_of_month(days: Iterable[int]) -> list[str]:
    """Return days of the month with the sign before them; the last day counts from the end (`~01`)."""
    every = set(days)
    if every == set(_MONTH_DAYS):
        return ["-*"]
    if CronSim.LAST_WEEKDAY in every:
        raise TimesError(
            N_("systemd cannot say the last working day of a month"), N_("name a day, or 'L' for the last one")
        )
    plain = every - {CronSim.LAST}
    found = [f"-{_numbers(plain, _MONTH_DAYS)}"] if plain else []
    return [*found, "~01"] if CronSim.LAST in every else found


def _numbers(values: Iterable[int], all_of_them: range) -> str:
    """Return `*`, or the numbers with two digits, neighbours as a range."""
    wanted = sorted(values)
    if wanted == list(all_of_them):
        return "*"
    runs: list[list[int]] = []
    for value in wanted:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = (f"{run[0]:02}..{run[-1]:02}" if len(run) > 2 else ",".join(f"{value:02}" for value in run) for run in runs)
    return ",".join(parts)


def _unsaid(times: Times, who: str) -> TimesError:
    return TimesError(
        phrase("{who} cannot say {cron!r}", who=who, cron=times.cron),
        N_("use days of the month or days of the week in plain numbers"),
    )
