"""One line made of styled parts, of which only those that change are painted again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import fit, width
from tui.app.widgets.part_styles import PART_CLASSES, part_css, part_style


class PartsLine(Widget):
    """The base of status lines: `parts` says what to show in a given width; call `update` when that changed."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*PART_CLASSES}
    DEFAULT_CSS = "PartsLine { height: 1; }" + part_css("PartsLine")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._parts: tuple[Part, ...] = ()
        self._fitted_into = 0

    def parts(self, cells: int) -> Iterable[Part]:
        """Return what to show in `cells` cells; more than that is cut."""
        return ()

    @property
    def text(self) -> str:
        """What the line says, for tests and copying."""
        return "".join(text for text, _style in self.parts(max(1, self.size.width))).rstrip()

    def update(self) -> None:
        """Paint the parts that are not as they stand on the screen."""
        if not self.is_mounted or not self.size:
            return
        old, self._parts = self._parts, self._fitted()
        if [width(text) for text, _style in old] != [width(text) for text, _style in self._parts]:
            self.refresh()
            return
        x = 0
        for before, after in zip(old, self._parts, strict=True):
            cells = width(after[0])
            if before != after:
                self.refresh(Region(x, 0, cells, 1))
            x += cells

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        if y:
            return Strip.blank(self.size.width, self.rich_style)
        # One that was painted before it had its place is told of no size (Textual 8.2), so the width is asked.
        if self._fitted_into != self.size.width:
            self._parts = self._fitted()
        segments = [Segment(text, part_style(self, style)) for text, style in self._parts]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the parts into the new width."""
        self._parts = self._fitted()
        self.refresh()

    def get_content_height(self, *arguments: Any) -> int:
        """Return one line."""
        return 1

    def _fitted(self) -> tuple[Part, ...]:
        self._fitted_into = left = self.size.width
        fitted: list[Part] = []
        for text, style in self.parts(left):
            cells = width(text)
            if cells > left:
                text = fit(text, left)
                cells = left
            if cells:
                fitted.append((text, style))
            left -= cells
        return tuple(fitted)
