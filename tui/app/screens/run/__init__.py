"""The screen of one run: watch it, steer it, see what failed and why."""

from tui.app.screens.run.screen import RunScreen

__all__ = ["RunScreen"]
