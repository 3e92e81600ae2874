"""What was checked, one below the other: how it is, and what to do where something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.i18n import N_, _
from tui.app.widgets.fitted import clean

if TYPE_CHECKING:
    from tui.providers.findings import Action, Severity

_MARKS = {
    "ok": ("✓", "$text-success"),
    "note": ("·", "$text-muted"),
    "warning": ("!", "$text-warning"),
    "problem": ("✗", "$text-error"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was checked, in the user's language. `action` is what could be done about it."""

    severity: Severity
    words: str
    hint: str = ""
    action: Action | None = None


class CheckList(VerticalScroll, can_focus=True):
    """Shows what `show` was told last, the marks said in words as well."""

    BINDING_GROUP_TITLE = N_("Checks")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", N_("Down"), show=False),
        Binding("k", "scroll_up", N_("Up"), show=False),
        Binding("ctrl+d", "page_down", N_("Page down"), show=False),
        Binding("ctrl+u", "page_up", N_("Page up"), show=False),
    ]
    DEFAULT_CSS = """
    CheckList { padding: 0 1; scrollbar-size-vertical: 1; }
    CheckList Static { height: auto; }
    CheckList .hint { color: $text-muted; padding-left: 2; }
    """

    def compose(self) -> ComposeResult:
        """Begin empty."""
        yield from ()

    async def show(self, checks: Sequence[Checked], going_on: str = "") -> None:
        """Show these; `going_on` is what is being asked, '' when nothing is."""
        lines: list[Static] = []
        for each in checks:
            mark, style = _MARKS[each.severity]
            words = Content.assemble((f"{mark} ", style), clean(each.words))
            lines.append(Static(words, markup=False))
            if each.hint:
                lines.append(Static(clean(each.hint), classes="hint", markup=False))
        if going_on:
            lines.append(Static(Content.assemble(("► ", "$text-accent"), clean(going_on)), markup=False))
        async with self.batch():
            await self.remove_children()
            await self.mount(*lines)


def counted(checks: Sequence[Checked]) -> str:
    """Return how it stands in words."""
    problems = sum(each.severity == "problem" for each in checks)
    warnings = sum(each.severity == "warning" for each in checks)
    parts = []
    if problems:
        parts.append(_("{count} in the way").format(count=problems))
    if warnings:
        parts.append(_("{count} to look at").format(count=warnings))
    return ", ".join(parts) or _("everything is ready")
