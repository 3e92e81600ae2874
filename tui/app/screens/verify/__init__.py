"""Verifying a run: how it stands while it is under way, and what was found."""

from tui.app.screens.verify.screen import VerifyScreen

__all__ = ["VerifyScreen"]
