"""The line that always says what is selected."""

from __future__ import annotations

from collections.abc import Iterable

from tui.app.basket import Basket, Tally
from tui.app.i18n import _, ngettext
from tui.app.widgets.cell import Part
from tui.app.widgets.figures import bytes_text
from tui.app.widgets.parts_line import PartsLine

_NOTHING = Tally(0, 0, 0, True, True)


class BasketLine(PartsLine):
    """Repositories, tags (one task each) and unique bytes; what is a lower bound says so."""

    DEFAULT_CSS = "BasketLine { background: $surface; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tally = _NOTHING
        self._from = ""

    def show(self, basket: Basket) -> None:
        """Say what is in the basket."""
        self._tally = basket.tally()
        self._from = basket.source.name if basket.source else ""
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the sums."""
        if not self._tally.repositories:
            yield " " + _("Nothing selected yet: space marks a tag, a repository or a project"), "muted"
            return
        yield " " + _("Selected") + " ", "muted"
        yield tally_text(self._tally), "accent"
        yield "  " + _("from {endpoint}").format(endpoint=self._from), "muted"
        yield "   4", "accent"
        yield " " + _("plan where it goes"), "muted"


def tally_text(tally: Tally) -> str:
    """Return the sums in words: `3 repositories, 42 tags, ≥ 1.20 GB`."""
    least = "≥ "
    repositories = ngettext("{count} repository", "{count} repositories", tally.repositories)
    tags = ngettext("{count} tag", "{count} tags", tally.tags)
    said = [repositories.format(count=f"{tally.repositories:,}")]
    if tally.tags_known or tally.tags:
        said.append(("" if tally.tags_known else least) + tags.format(count=f"{tally.tags:,}"))
    if tally.bytes_known or tally.size:
        said.append(("" if tally.bytes_known else least) + bytes_text(tally.size))
    return ", ".join(said)
