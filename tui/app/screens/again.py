"""What can be done with a plan besides running it once: repeating it, and deletions at its target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.draft import endpoint_at, target_registry

if TYPE_CHECKING:
    from tui.app.screens.place import Place
    from tui.endpoints.model import Endpoint
    from tui.plan.model import Plan


def show_deletions(place: Place, plan: Plan, endpoints: tuple[Endpoint, ...]) -> None:
    """Show what left the source of a plan and is still at its target."""
    from tui.app.screens.mirror import MirrorScreen

    source = endpoint_at(endpoints, [rule.source_registry for rule in plan.rules])
    target = endpoint_at(endpoints, [target_registry(rule) for rule in plan.rules])
    place.app.push_screen(MirrorScreen(plan, source, target, place.MODE))


def show_repeating(place: Place, plan: Plan, path: Path | None) -> None:
    """Ask when a plan is to be repeated, and show the text for that; `path` is its file, None when it has none."""
    from tui.app.screens.repeat.flow import ask_when

    ask_when(place, plan, path)
