"""image-syncer's files (1.0.x and 1.2 to 1.5.x) as plans, and plans as its files.

What a file says is taken in its documented meaning; where image-syncer does something else, or a reader may expect
something else, a `Hazard` says so.
"""

from __future__ import annotations

from tui.plan.image_syncer.load import load
from tui.plan.image_syncer.logins import load_auth
from tui.plan.image_syncer.platforms import parse_platforms, with_platforms
from tui.plan.imported import AuthBook, AuthEntry, Hazard, Imported

__all__ = [
    "AuthBook",
    "AuthEntry",
    "Hazard",
    "Imported",
    "load",
    "load_auth",
    "parse_platforms",
    "with_platforms",
]
