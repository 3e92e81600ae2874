"""The place 'plan'."""

from __future__ import annotations

from tui.app.screens.planning.screen import PlanScreen

__all__ = ["PlanScreen"]
