"""The one-line widgets: what they say, and what they leave out where there is no room."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual.geometry import Region
from textual.widgets import Static

from tests.app.harness import WidgetApp, screen_lines
from tui.app.widgets.phase_bar import Phase, PhaseBar
from tui.app.widgets.sparkline import Sparkline, spark_text
from tui.app.widgets.state_counts import StateCounts, StatusWord
from tui.app.widgets.states import PHASE_STATES
from tui.app.widgets.transfer_line import TransferLine

PHASES = {
    "generate": Phase("over", 2000, 2000),
    "execute": Phase("active", 1200, 2000, failed=3),
    "retry": Phase(),
}


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "✓ 1 generate 2,000/2,000  ›  ► 2 execute 1,200/2,000, 3 failed  ›  ◦ 3 retry"),
        (70, "✓ 1 generate 2,000/2,000  ›  ► 2 execute 1,200/2,000  ›  ◦ 3 retry"),
        (60, "✓ 1 generate  ›  ► 2 execute  ›  ◦ 3 retry"),
    ],
)
async def test_the_phase_bar_drops_counts_before_phases(width: int, expected: str) -> None:
    app = WidgetApp(bar := PhaseBar())
    async with app.run_test(size=(width, 12)) as pilot:
        bar.show(PHASES)
        await pilot.pause()
        assert screen_lines(app)[0].rstrip() == expected == bar.text


async def test_the_phase_bar_in_chinese() -> None:
    app = WidgetApp(bar := PhaseBar(), language="zh_CN")
    async with app.run_test(size=(80, 24)) as pilot:
        bar.show(PHASES)
        await pilot.pause()
        line = screen_lines(app)[0]
        assert line.rstrip() == "✓ 1 生成 2,000/2,000  ›  ► 2 执行 1,200/2,000, 失败 3  ›  ◦ 3 重试"
        assert cell_len(line) == 80


class RecordingLine(TransferLine):
    """Remembers what it asked Textual to paint."""

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Any:
        self.asked = [*getattr(self, "asked", []), regions]
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


async def test_the_transfer_line_says_how_far_and_how_long() -> None:
    app = WidgetApp(line := RecordingLine())
    async with app.run_test(size=(80, 24)) as pilot:
        line.show(1.2e9, 2e9, 40e6)
        await pilot.pause()
        assert line.text.split() == [
            *line.text.split()[:1],
            *["60%", "1.20", "GB", "of", "2.00", "GB", "40.0", "MB/s", "20s", "left"],
        ]
        line.asked = []
        line.show(1.2e9, 2e9, 40.3e6)
        await pilot.pause()
        assert [region.width for regions in line.asked for region in regions] == [len("  40.3 MB/s")]


@pytest.mark.parametrize(
    ("total", "rate", "missing"), [(None, 1e6, "left"), (2e9, 0.0, "left"), (1e9, 1e6, "left"), (None, 1e6, "%")]
)
async def test_what_cannot_be_told_is_left_out(total: float | None, rate: float, missing: str) -> None:
    app = WidgetApp(line := TransferLine())
    async with app.run_test(size=(80, 24)):
        line.show(1e9, total, rate)
        assert missing not in line.text


async def test_a_narrow_transfer_line_keeps_the_share() -> None:
    app = WidgetApp(line := TransferLine())
    async with app.run_test(size=(45, 12)):
        line.show(1.2e9, 2e9, 40e6)
        assert "60%" in line.text
        assert "left" not in line.text
        assert cell_len(line.text) <= 45


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], "    "), ([0, 0], "  ▁▁"), ([0, 7, 14], " ▁▅█"), ([9, 1, 2, 4, 8], "▂▃▅█"), ([5], "   █")],
)
def test_the_curve(values: list[float], expected: str) -> None:
    assert spark_text(values, 4) == expected


async def test_the_sparkline_moves_left() -> None:
    app = WidgetApp(curve := Sparkline())
    async with app.run_test(size=(40, 12)) as pilot:
        for value in (1.0, 2.0, 4.0):
            curve.add(value)
        await pilot.pause()
        assert screen_lines(app)[0] == "▃▅█".rjust(40)


async def test_states_are_words_and_numbers() -> None:
    app = WidgetApp(counts := StateCounts(), word := StatusWord(PHASE_STATES))
    async with app.run_test(size=(80, 24)) as pilot:
        counts.show({"done": 1800, "failed": 3, "pending": 0, "running": 10})
        word.show("held", "the registry\x1b[31m limits requests")
        await pilot.pause()
        assert screen_lines(app)[0].rstrip() == "✗ failed 3  ► running 10  ✓ done 1,800"
        assert screen_lines(app)[1].rstrip() == "~ paused  the registry\\x1b[31m limits requests"


async def test_a_line_that_is_painted_before_it_is_told_its_size_is_not_empty() -> None:
    app = WidgetApp(Static("above"))
    async with app.run_test(size=(80, 24)) as pilot:
        bar = PhaseBar()
        await app.screen.mount(bar)
        # What Textual does when the widget asks to be painted before its place is known; it sends no Resize then.
        app.screen._compositor.update_widgets({bar})
        assert bar in app.screen._compositor.full_map
        await pilot.pause()
        assert "1 generate" in screen_lines(app)[1]
