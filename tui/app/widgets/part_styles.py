"""The named styles of parts (`cell.STYLES`) as component classes, for every widget that paints parts itself."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from tui.app.widgets.cell import STYLES

PART_CLASSES = frozenset(f"part--{style}" for style in STYLES if style)
"""For COMPONENT_CLASSES."""


def part_css(widget: str) -> str:
    """Return DEFAULT_CSS for the part styles of the widget class with this name; without colour, weight tells."""
    return f"""
    {widget} {{
        & > .part--muted {{ color: $text-muted; }}
        & > .part--faint {{ color: $text-disabled; }}
        & > .part--accent {{ color: $text-accent; }}
        & > .part--success {{ color: $text-success; }}
        & > .part--warning {{ color: $text-warning; }}
        & > .part--error {{ color: $text-error; }}
        &:nocolor > .part--error {{ text-style: bold; }}
        &:nocolor > .part--accent {{ text-style: bold; }}
    }}
    """


def part_style(widget: Widget, name: str) -> Style:
    """Return how `widget` shows parts of the style with this name."""
    return widget.get_component_rich_style(f"part--{name}") if name else widget.rich_style
