"""How new something has to be: an age such as `90d`, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tui.oci.saying import phrase

_AGE = re.compile(r"(\d{1,6})\s*([hdwy])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}


def cutoff(text: str, now: datetime) -> datetime:
    """Return the moment that `text` stands for, seen from `now` (aware).

    `12h`, `90d`, `2w`, `1y` (365 days) are ages; `2026-01-31` and `2026-01-31T08:00:00+08:00` are dates, UTC when they
    say nothing else. Raises ValueError.
    """
    age = _AGE.fullmatch(text.strip())
    try:
        if age:
            return now - int(age[1]) * _UNITS[age[2]]
        when = datetime.fromisoformat(text.strip())
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            phrase("{text!r} is neither an age like '90d' nor a date like '2026-01-31'", text=text)
        ) from None
