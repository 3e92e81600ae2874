"""A little curve of the last values, one cell each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from tui.app.widgets.cell import Part
from tui.app.widgets.parts_line import PartsLine

LEVELS = "▁▂▃▄▅▆▇█"
MOST = 400


def spark_text(values: Sequence[float], cells: int) -> str:
    """Return the last `cells` values as a curve from nothing to the highest of them, right-aligned.

    Nothing at all is drawn as the lowest level, so that a stop is seen as such.
    """
    shown = values[-cells:] if cells > 0 else ()
    top = max(shown, default=0.0)
    highest = len(LEVELS) - 1
    curve = "".join(LEVELS[round(highest * max(0.0, value) / top) if top > 0 else 0] for value in shown)
    return curve.rjust(max(0, cells))


class Sparkline(PartsLine):
    """The curve of the values given to `add`, newest at the right."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._values: deque[float] = deque(maxlen=MOST)

    def add(self, value: float) -> None:
        """Show one more value; call it at an even pace, once a second at most (all cells move)."""
        self._values.append(value)
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the curve."""
        return ((spark_text(list(self._values), cells), "accent"),)
