"""Figures as people read them, for the command line."""

from __future__ import annotations

from tui.engine.words import duration, several, size

__all__ = ["duration", "several", "size"]
