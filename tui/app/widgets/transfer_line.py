"""How a transfer goes, in one line: bar, share, bytes, speed, time left."""

from __future__ import annotations

from collections.abc import Iterable

from tui.app.i18n import _
from tui.app.widgets import figures
from tui.app.widgets.cell import Part, Progress, ProgressCell
from tui.app.widgets.fitted import width
from tui.app.widgets.parts_line import PartsLine

SHORTEST_BAR = 12
LONGEST_BAR = 60


class TransferLine(PartsLine):
    """`▬▬▬▬▬▬╌╌╌╌  61%  1.20 GB of 1.97 GB  34.1 MB/s  22s left`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._done = 0.0
        self._total: float | None = None
        self._rate: float | None = None

    def show(self, done: float, total: float | None, rate: float | None) -> None:
        """Show bytes done, bytes in all (None while unknown) and bytes per second (None when nothing is under way)."""
        self._done, self._total, self._rate = done, total, rate
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return bar and figures; what is left over belongs to the bar, and what does not fit goes from the end."""
        figures_shown = [self._bytes()]
        if self._rate is not None:
            figures_shown.append(figures.rate_text(self._rate))
            if remaining := figures.left_text(self._done, self._total, self._rate):
                figures_shown.append(remaining)
        while figures_shown and sum(width(text) + 2 for text in figures_shown) + SHORTEST_BAR > cells:
            figures_shown.pop()
        room = min(LONGEST_BAR, cells - sum(width(text) + 2 for text in figures_shown))
        yield from ProgressCell().parts(Progress(self._done, self._total), max(0, room), "right")
        for at, text in enumerate(figures_shown):
            yield f"  {text}", "" if at == 0 else "muted"

    def _bytes(self) -> str:
        done = figures.bytes_text(self._done)
        if self._total is None:
            return done
        return _("{done} of {total}").format(done=done, total=figures.bytes_text(self._total))
