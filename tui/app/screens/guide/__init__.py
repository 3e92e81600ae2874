"""The guided migration: one way from the source to the run, in six steps."""

from tui.app.screens.guide.screen import Guide

__all__ = ["Guide"]
