"""The screen on terminals that show less: small, without colours, without UTF-8."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from tests.app.harness import WidgetApp, row, screen_lines, table
from tui.app import themes
from tui.app.terminal import Terminal
from tui.app.widgets.phase_bar import PhaseBar
from tui.app.widgets.table_pane import TablePane
from tui.app.widgets.too_small import TooSmall


@pytest.mark.parametrize(
    ("terminal", "setting", "theme"),
    [
        (Terminal(), "", "regferry-dark"),
        (Terminal(light=True), "", "regferry-light"),
        (Terminal(colours=16), "", "regferry-contrast"),
        (Terminal(colours=0, light=True), "", "regferry-contrast"),
        (Terminal(colours=16), "regferry-light", "regferry-light"),
        (Terminal(), "of a newer version", "regferry-dark"),
    ],
)
def test_the_theme_suits_the_terminal_unless_one_is_set(terminal: Terminal, setting: str, theme: str) -> None:
    assert themes.choose(terminal, setting) == theme


@pytest.mark.parametrize("theme", themes.THEMES)
async def test_every_theme_keeps_text_readable(theme: str) -> None:
    app = WidgetApp(TablePane(table(5, marks=True)), PhaseBar(), theme_name=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "space")
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                if segment.text.strip() and segment.style and segment.style.color and segment.style.bgcolor:
                    text, ground = segment.style.color.triplet, segment.style.bgcolor.triplet
                    assert text is not None
                    assert ground is not None
                    least = 2.0 if set(segment.text) <= set(" ─│╭╮╰╯╌▬▁›") else 4.0
                    assert _contrast(text, ground) >= least, (segment.text, text.hex, ground.hex)


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast ratio of WCAG 2.1."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def test_without_utf8_every_cell_is_ascii_and_in_its_place() -> None:
    values = [row("plain", state="done"), row("仓库/镜像", state="failed")]
    app = WidgetApp(TablePane(table(values), "仓库"), PhaseBar(), shown_on=Terminal(utf8=False), language="zh_CN")
    async with app.run_test(size=(80, 24)):
        lines = screen_lines(app)
        assert all(line.isascii() and len(line) == 80 for line in lines)
        assert "+ done" in lines[2]
        assert "x failed" in lines[3]
        assert lines[2].index("+ done") == lines[3].index("x failed")
        assert set(lines[0][:2]) <= {"+", "-"}


async def test_without_colours_none_is_sent_and_the_cursor_is_reversed() -> None:
    app = WidgetApp(TablePane(table(5)), shown_on=Terminal(colours=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j")
        console = Console(color_system="truecolor", force_terminal=True)
        for y, strip in enumerate(app.screen._compositor.render_strips()):
            assert not re.search(r"\x1b\[[\d;]*[34]8;[25]|\x1b\[(3[0-7]|9[0-7]|4[0-7])m", strip.render(console))
            reversed_text = "".join(segment.text for segment in strip if segment.style and segment.style.reverse)
            assert ("row-000001" in reversed_text) == (y == 3)


async def test_a_terminal_that_is_too_small_is_told_the_size_it_needs() -> None:
    app = WidgetApp(table(5))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(30, 8)
        await pilot.pause()
        assert isinstance(app.screen, TooSmall)
        assert "30x8" in " ".join(" ".join(screen_lines(app)).split())
        await pilot.resize_terminal(25, 8)
        await pilot.pause()
        assert "25x8" in " ".join(" ".join(screen_lines(app)).split())
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not isinstance(app.screen, TooSmall)
