"""When a plan runs: a cron expression in a time zone, as Debian's cron understands it (daylight saving included)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tui.engine.words import several
from tui.oci.saying import N_, phrase

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = 5
_DURATION = re.compile(r"(\d{1,6})\s*([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class TimesError(ValueError):
    """A cron expression, a time zone or a duration means nothing; `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Times:
    """Moments by a cron expression of five fields. `timezone` is an IANA name, '' for that of this machine."""

    cron: str
    timezone: str
    zone: tzinfo

    @classmethod
    def parse(cls, cron: str, timezone: str = "") -> Times:
        """Return the times of an expression, or of a name such as `@daily`. Raises TimesError."""
        text = _NAMED.get(cron.strip().lower(), " ".join(cron.split()))
        zone = _zone(timezone)
        if len(text.split()) != _FIELDS:
            raise TimesError(
                phrase(
                    "{cron!r} has {found}, a cron expression has {fields}",
                    cron=cron,
                    found=several(len(text.split()), "field"),
                    fields=_FIELDS,
                ),
                N_("minute hour day-of-month month day-of-week, as in '0 3 * * *' for 3 o'clock every day"),
            )
        try:
            next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise TimesError(
                phrase("{cron!r}: {words}", cron=cron, words=str(error).lower()),
                N_("see crontab(5); as in '0 3 * * 1-5'"),
            ) from None
        except StopIteration:
            raise TimesError(phrase("{cron!r} never comes", cron=cron), N_("look at the day and the month")) from None
        return cls(text, timezone, zone)

    def after(self, moment: datetime) -> datetime:
        """Return the first moment after an aware one, in UTC."""
        return next(self.following(moment))

    def following(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after an aware one, in UTC."""
        for when in CronSim(self.cron, moment.astimezone(self.zone)):
            yield when.astimezone(UTC)

    def between(self, start: datetime, end: datetime, most: int = 1000) -> int:
        """Return how many moments lie after `start` and not after `end`, counted up to `most`."""
        count = 0
        for when in self.following(start):
            if when > end or count >= most:
                break
            count += 1
        return count

    def local(self, moment: datetime) -> datetime:
        """Return a moment as the clock in the time zone shows it."""
        return moment.astimezone(self.zone)


def jittered(times: Times, due: datetime, jitter: float) -> datetime:
    """Return `due` put off by up to `jitter` seconds, and never by more than half of the time to the next."""
    room = (times.after(due) - due).total_seconds() / 2
    return due + timedelta(seconds=random.uniform(0, min(jitter, room)))


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as `90s`, `10m`, `1h` or `1d`. Raises TimesError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise TimesError(phrase("{text!r} is not a duration", text=text), N_("a number with a unit: 90s, 10m, 1h, 1d"))
    return float(int(match[1]) * _SECONDS[match[2]])


def _zone(name: str) -> tzinfo:
    if not name:
        from tzlocal import get_localzone

        return get_localzone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TimesError(
            phrase("the time zone {name!r} is not known here", name=name),
            N_("an IANA name such as 'Asia/Shanghai', or 'UTC'"),
        ) from None
