"""What a check found out about a task beyond its digest and size, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.app.i18n import N_, _

KINDS = (N_("image"), N_("referrers"))
"""Kinds besides those of the lists in Browse, for the catalogs."""


def note_of(detail: Mapping[str, Any]) -> str:
    """Return the most telling of it in a few words, '' for an ordinary image."""
    kind = detail.get("kind", "")
    words = [
        _(kind) if kind else "",
        _company(detail),
        _("without {what}").format(what=", ".join(detail["dropped"])) if detail.get("dropped") else "",
        _("kept as {name}").format(name=detail["backup"]) if detail.get("backup") else "",
    ]
    return ", ".join(word for word in words if word)


def _company(detail: Mapping[str, Any]) -> str:
    if detail.get("adds"):
        return _("the image is there, {what} is added").format(what=counted(detail["adds"]))
    return _("with {what}").format(what=counted(detail["attached"])) if detail.get("attached") else ""


def counted(kinds: Mapping[str, int]) -> str:
    """Return kinds with their counts, the most first: `2 signature, 1 sbom`."""
    ordered = sorted(kinds.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count:,} {_(kind)}" for kind, count in ordered if count)
