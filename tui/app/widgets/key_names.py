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
_WORDS = ("enter", "backspace", "delete", "tab", "space", "home", "end")


@dataclass(slots=True)
class KeyHint:
    """One action: its keys as written on them, what it does in the language in use, and where it belongs."""

    description: str
    group: str
    shown: bool
    keys: list[str] = field(default_factory=list)


def hints(screen: Screen[Any]) -> list[KeyHint]:
    """Return what can be done on `screen` now, the focused widget first; keys of one action are together."""
    found: dict[tuple[int, str, str], KeyHint] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or not active.enabled or binding.system:
            continue
        group = active.node.BINDING_GROUP_TITLE or OTHER
        at = (id(active.node), binding.action, binding.description)
        hint = found.setdefault(at, KeyHint(_(binding.description), _(group), binding.show))
        first = binding.show and not hint.shown  # the key to be shown stands before hidden ones for the same
        hint.keys.insert(0 if first else len(hint.keys), key_name(screen.app, binding))
        hint.shown |= binding.show
    return list(found.values())


def key_name(app: App[Any], binding: Binding) -> str:
    """Return how a key is written: `ctrl+d`, `/`, `G`, `↑`, in characters every terminal has."""
    if binding.key_display:
        return binding.key_display
    *modifiers, key = binding.key.split("+")
    name = key if key in _WORDS else app.get_key_display(Binding(key, ""))
    return "+".join([*modifiers, name])


def grouped(found: Iterable[KeyHint]) -> dict[str, list[KeyHint]]:
    """Return the hints by group, in the order the groups appear; those of the lowest line of the screen first."""
    groups: dict[str, list[KeyHint]] = {}
    for hint in found:
        groups.setdefault(hint.group, []).append(hint)
    for together in groups.values():
        together.sort(key=lambda hint: not hint.shown)
    return groups
