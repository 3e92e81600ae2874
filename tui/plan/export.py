"""A plan as the files of a tool that is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from tui.plan.exported import ExportedFiles
from tui.plan.model import Plan

Tool = Literal["skopeo", "regsync", "dregsy"]
"""Tools whose files are one form; image-syncer's are two that belong together (`tui.plan.image_syncer`)."""
TOOLS: tuple[Tool, ...] = get_args(Tool)


def export_for(plan: Plan, tool: Tool) -> ExportedFiles:
    """Return a plan as files of a tool, and what they do not say."""
    return _exporter(tool)(plan)


def _exporter(tool: Tool) -> Callable[[Plan], ExportedFiles]:
    if tool == "skopeo":
        from tui.plan.skopeo_export import export_skopeo_sync

        return export_skopeo_sync
    if tool == "regsync":
        from tui.plan.regsync_export import export_regsync

        return export_regsync
    from tui.plan.dregsy_export import export_dregsy

    return export_dregsy
