"""Figures as people read them."""

from __future__ import annotations

from tui.plan.sizes import bytes_text as size

__all__ = ["duration", "several", "size"]


def duration(seconds: float) -> str:
    """Return seconds as `0.8 s`, `4:05`, `1:02:30`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def several(count: int, noun: str) -> str:
    """Return `1 task`, `2 tasks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
