"""Numbers as people read them: bytes, rates, durations and times, always short enough for a column."""

from __future__ import annotations

from datetime import datetime

from tui.app.i18n import _
from tui.plan.sizes import bytes_text

__all__ = ["bytes_text", "duration_text", "left_text", "percent_text", "rate_text", "time_text"]


def rate_text(bytes_per_second: float) -> str:
    """Return a transfer rate: `12.3 MB/s`."""
    return bytes_text(bytes_per_second) + "/s"


def duration_text(seconds: float) -> str:
    """Return a length of time in its two largest units: `12s`, `3m 05s`, `1h 02m`, `2d 03h`."""
    whole = max(0, round(seconds))
    minutes, secs = divmod(whole, 60)
    hours, mins = divmod(minutes, 60)
    days, hrs = divmod(hours, 24)
    if days:
        return _("{days}d {hours:02d}h").format(days=days, hours=hrs)
    if hours:
        return _("{hours}h {minutes:02d}m").format(hours=hours, minutes=mins)
    if minutes:
        return _("{minutes}m {seconds:02d}s").format(minutes=minutes, seconds=secs)
    return _("{seconds}s").format(seconds=secs)


def time_text(moment: datetime, cells: int = 16) -> str:
    """Return a moment in local time: date and time of day, or the date alone below 16 cells."""
    local = moment.astimezone()
    return local.strftime("%Y-%m-%d %H:%M" if cells >= 16 else "%Y-%m-%d")


def percent_text(part: float, whole: float) -> str:
    """Return a share rounded down, so that `100%` means all of it."""
    return f"{int(100 * min(part, whole) / whole)}%" if whole > 0 else "100%"


def left_text(done: float, total: float | None, rate: float) -> str:
    """Return the time left at this rate, empty while that cannot be told."""
    if total is None or rate <= 0 or done >= total:
        return ""
    return _("{time} left").format(time=duration_text((total - done) / rate))
