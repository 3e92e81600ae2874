"""Keys and what they do, read from the bindings in force, for the line at the bottom and for the help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from tui.app.i18n import N_, _

OTHER = N_("Everywhere")
_UNTOLD = ("app.focus_previous", "screen.copy_text", "scroll_left", "scroll_right", "page_left", "page_right")
"""Actions Textual has a key for everywhere, which nobody looks for in the help."""
_WORDS = ("enter", "backspace", "delete", "tab", "space", "home", "end")


@dataclass(slots=True)
class KeyHint:
    """One action: its keys as written on them, what it does in the language in use, and where it belongs."""

    description: str
    group: str
    shown: bool
    near: int = 0
    """0 when the screen has it, 1 when the widget in focus has it, 2 when it works everywhere."""
    keys: list[str] = field(default_factory=list)


def hints(screen: Screen[Any]) -> list[KeyHint]:
    """Return what can be done on `screen` now, the focused widget first; keys of one action are together."""
    found: dict[tuple[int, str, str], KeyHint] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or not active.enabled or binding.system or _untold(binding):
            continue
        group = active.node.BINDING_GROUP_TITLE or OTHER
        at = (id(active.node), binding.action, binding.description)
        near = 0 if active.node is screen else 2 if active.node is screen.app else 1
        hint = found.setdefault(at, KeyHint(_(binding.description), _(group), binding.show, near))
        first = binding.show and not hint.shown  # the key to be shown stands before hidden ones for the same
        name = key_name(screen.app, binding)
        if name not in hint.keys:
            hint.keys.insert(0 if first else len(hint.keys), name)
        hint.shown |= binding.show
    return list(found.values())


def _untold(binding: Binding) -> bool:
    return binding.action in _UNTOLD or (binding.key, binding.action) == ("ctrl+q", "quit")


def key_name(app: App[Any], binding: Binding) -> str:
    """Return how a key is written: `ctrl+d`, `/`, `G`, `↑`, in characters every terminal has."""
    if binding.key_display:
        return binding.key_display
    *modifiers, key = binding.key.split("+")
    name = key if key in _WORDS else app.get_key_display(Binding(key, ""))
    return "+".join([*modifiers, name])


def grouped(found: Iterable[KeyHint]) -> dict[str, list[KeyHint]]:
    """Return the hints by group, the screen's own before those of the widget in focus and of everywhere.

    Within a group those of the lowest line of the screen come first.
    """
    groups: dict[str, list[KeyHint]] = {}
    for hint in sorted(found, key=lambda hint: hint.near):
        groups.setdefault(hint.group, []).append(hint)
    for together in groups.values():
        together.sort(key=lambda hint: not hint.shown)
    return groups
