"""What is sent to the terminal leads to the same screen, with fewer bytes."""

from __future__ import annotations

import asyncio
import re

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate
from textual.screen import Screen

from tests.app.harness import WidgetApp, row, screen_lines, table
from tui.app.tight_display import TightUpdate, joined
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane

CONSOLE = Console(color_system="256", force_terminal=True, width=80, height=24)


class Glass:
    """A terminal that understands as much as is sent: text, and moves of the cursor."""

    def __init__(self, lines: list[str]) -> None:
        self.cells = [_cells(line) for line in lines]

    def write(self, output: str) -> None:
        x = y = 0
        for move, text in re.findall(r"\x1b\[(?:(\d+;\d+)H|[\d;]*m)|([^\x1b]+)", output):
            if move:
                y, x = (int(part) - 1 for part in move.split(";"))
            for cell in _cells(text):
                self.cells[y][x] = cell
                x += 1

    @property
    def lines(self) -> list[str]:
        return ["".join(line) for line in self.cells]


def _cells(text: str) -> list[str]:
    """Return text cell by cell; the second cell of a double-width character is empty."""
    return [cell for character in text for cell in (character, "")[: cell_len(character)]]


class SentApp(WidgetApp):
    """Keeps what partial updates send, in our way and in Textual's."""

    def __init__(self, *widgets: TablePane) -> None:
        super().__init__(*widgets)
        self.sent: list[str] = []
        self.usual = 0

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, ChopsUpdate):
            tight = TightUpdate(renderable.chops, renderable.spans, renderable.chop_ends)
            self.sent.append(tight.render_segments(CONSOLE))
            self.usual += len(renderable.render_segments(CONSOLE))
        super()._display(screen, renderable)


async def test_partial_updates_lead_to_the_screen_they_mean() -> None:
    values = [row(f"仓库{number}/镜像", number, "pending", number) for number in range(40)]
    source = ListSource(values)
    shown = table(values)
    app = SentApp(TablePane(shown, "仓库"))
    async with app.run_test(size=(80, 24)) as pilot:
        shown.set_source(source)
        await asyncio.sleep(0.3)
        await pilot.pause()
        glass = Glass(screen_lines(app))
        app.sent.clear()
        app.usual = 0
        for step in range(4):
            for number in range(10):
                source.put(row(f"仓库{number}/镜像", 1000 * step + number, "running", number * step))
            shown.update_rows(f"仓库{number}/镜像" for number in range(10))
            await asyncio.sleep(0.3)
            await pilot.press("j")
        await pilot.pause()
        for output in app.sent:
            glass.write(output)
        assert glass.lines == screen_lines(app)
        assert sum(map(len, app.sent)) < app.usual / 2


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(0, 1, 2)], [(0, 1, 2)]),
        ([(0, 1, 2), (0, 9, 12)], [(0, 1, 12)]),
        ([(0, 1, 2), (0, 30, 32)], [(0, 1, 2), (0, 30, 32)]),
        ([(0, 1, 2), (1, 3, 4)], [(0, 1, 2), (1, 3, 4)]),
    ],
)
def test_small_gaps_are_closed(spans: list[tuple[int, int, int]], expected: list[tuple[int, int, int]]) -> None:
    assert list(joined(spans)) == expected
