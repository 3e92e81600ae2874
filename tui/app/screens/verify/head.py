"""The two lines above the findings: what the verification came to, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tui.app.i18n import N_, _, ngettext
from tui.app.widgets.cell import Part, Progress, ProgressCell
from tui.app.widgets.figures import bytes_text, duration_text, time_text
from tui.app.widgets.fitted import clean
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.states import State

STATES: Mapping[str, State] = {
    state.name: state
    for state in (
        State("none", N_("not verified"), "◦", ".", "muted", 5),
        State("starting", N_("starting"), "►", ">", "accent", 3),
        State("running", N_("verifying"), "►", ">", "accent", 3),
        State("same", N_("everything as planned"), "✓", "+", "success", 4),
        State("different", N_("differs from the plan"), "✗", "x", "error", 0),
        State("unknown", N_("not everything could be looked at"), "!", "!", "warning", 1),
        State("stopped", N_("stopped before it was done"), "-", "-", "warning", 2),
        State("interrupted", N_("its process ended before it was done"), "✗", "x", "error", 0),
    )
}
_BAR = 24
Document = Mapping[str, Any]


def state_of(document: Document | None, *, starting: bool) -> str:
    """Return a key of `STATES` for a verification (`tui.engine.verify.record.standing`)."""
    if document is None or (starting and document["state"] != "running"):
        return "starting" if starting else "none"
    if document["state"] != "done":
        return str(document["state"])
    if not document["findings"]:
        return "same"
    return "unknown" if set(document["counts"]) == {"unknown"} else "different"


class Result(PartsLine):
    """`✓ everything as planned   2026-11-21 11:30  ann@jump1  every manifest and blob read and hashed`."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "none"
        self.document: Document | None = None

    def show(self, state: str, document: Document | None) -> None:
        """Show a verification."""
        self.state, self.document = state, document
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return state, when, by whom and how."""
        state = STATES[self.state]
        yield f" {state.label}", state.style
        document = self.document
        if document is None or self.state == "starting":
            return
        count = sum(document["counts"].values())
        if count and self.state != "same":
            told = ngettext("{count} difference", "{count} differences", count).format(count=f"{count:,}")
            yield f"  {told}", state.style
        if document["ended"]:
            yield f"  {time_text(datetime.fromtimestamp(document['ended'], UTC))}", ""
        yield f"  {clean(document['by'])}", "muted"
        how = _("everything read and hashed") if document["deep"] else _("asked for, not read")
        yield f"  {how}", "muted"


class Looked(PartsLine):
    """`▬▬▬▬▬╌╌╌╌ 55%  12 of 30 tags  140 blobs  2.10 MB read  3s`."""

    def __init__(self) -> None:
        super().__init__()
        self.document: Document | None = None

    def show(self, document: Document | None) -> None:
        """Show a verification."""
        self.document = document
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return how far it is, and the figures."""
        document = self.document
        if document is None:
            return
        checked, planned = document["checked"], document["planned"]
        if document["state"] == "running":
            yield " ", ""
            yield from ProgressCell().parts(Progress(checked["references"], planned), _BAR, "left")
        tags = _("{done} of {total} tags").format(done=f"{checked['references']:,}", total=f"{planned:,}")
        yield f" {tags}", ""
        for figure in _figures(checked):
            yield f"  {figure}", "muted"
        if checked["bytes"]:
            read = _("{bytes} read").format(bytes=bytes_text(checked["bytes"]))
            yield f"  {read}", "muted"
        if document["ended"]:
            yield f"  {duration_text(document['ended'] - document['started'])}", "muted"
        if document["waiting"] and document["state"] == "running":
            waiting = _("waits for {registry}").format(registry=clean(document["waiting"]))
            yield f"  {waiting}", "warning"


def _figures(checked: Mapping[str, int]) -> Iterable[str]:
    """Yield how many manifests, blobs and referrers were looked at."""
    manifests, blobs, referrers = (checked[name] for name in ("manifests", "blobs", "referrers"))
    if manifests:
        yield ngettext("{count} manifest", "{count} manifests", manifests).format(count=f"{manifests:,}")
    if blobs:
        yield ngettext("{count} blob", "{count} blobs", blobs).format(count=f"{blobs:,}")
    if referrers:
        yield ngettext("{count} referrer", "{count} referrers", referrers).format(count=f"{referrers:,}")
