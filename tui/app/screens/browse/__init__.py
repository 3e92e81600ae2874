"""Looking around in a registry and selecting what to copy: endpoint, projects, repositories, tags."""

from __future__ import annotations

from tui.app.screens.browse.screen import Browse

__all__ = ["Browse"]
