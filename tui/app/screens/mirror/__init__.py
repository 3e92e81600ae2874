"""Deletions at the target for what left the source: proposals, marks, and the deed."""

from tui.app.screens.mirror.screen import MirrorScreen

__all__ = ["MirrorScreen"]
