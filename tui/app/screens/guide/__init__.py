"""The guided migration: one way from the source to the run, step by step."""

from tui.app.screens.guide.screen import Guide

__all__ = ["Guide"]
