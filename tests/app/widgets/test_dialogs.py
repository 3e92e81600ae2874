"""Keys at the bottom, the help, questions, details and empty places."""

from __future__ import annotations

from typing import ClassVar

import pytest
from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tests.app.harness import WidgetApp, screen_lines, table
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.help_screen import HelpScreen
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.key_names import hints
from tui.app.widgets.table_pane import TablePane

SIZE = (80, 24)


class KeyedApp(WidgetApp):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Keys"),
        Binding("q", "quit", "Quit"),
        Binding("t", "test", "Test the connection"),
    ]
    possible = True

    def action_help(self) -> None:
        self.push_screen(HelpScreen(hints(self.screen)))

    def action_test(self) -> None:
        self.possible = False
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.possible if action == "test" else True


async def test_the_line_of_keys_fits_and_follows_what_is_possible() -> None:
    shown = table(3, marks=True)
    app = KeyedApp(TablePane(shown), KeyHints())
    async with app.run_test(size=SIZE) as pilot:
        shown.focus()
        await pilot.pause()
        line = screen_lines(app)[-1]
        assert line.split() == ["/", "Filter", "q", "Quit", "t", "Test", "the", "connection", "?", "Keys"]
        await pilot.press("t")
        await pilot.pause()
        assert "Test" not in screen_lines(app)[-1]
        await pilot.resize_terminal(40, 12)
        line = screen_lines(app)[-1]
        assert cell_len(line) == 40
        assert line.rstrip().endswith("? Keys")


async def test_the_help_lists_every_key_of_the_screen_by_place() -> None:
    shown = table(3, marks=True)
    app = KeyedApp(TablePane(shown), KeyHints())
    async with app.run_test(size=SIZE) as pilot:
        shown.focus()
        await pilot.press("question_mark")
        await pilot.pause()
        help_text = "\n".join(screen_lines(app))
        assert "Table" in help_text
        for keys, description in (("↑, k", "Up"), ("space", "Mark"), ("ctrl+d", "Half a page down"), ("/", "Filter")):
            line = next(line for line in help_text.splitlines() if f" {keys} " in line)
            assert description in line
        await pilot.press("j", "G", "escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_keys_that_cannot_be_used_are_not_in_the_help() -> None:
    app = KeyedApp(shown := table(3))
    async with app.run_test(size=SIZE):
        shown.focus()
        assert "Mark" not in {hint.description for hint in hints(app.screen)}


async def test_the_help_speaks_chinese() -> None:
    app = KeyedApp(shown := table(3, marks=True), language="zh_CN")
    async with app.run_test(size=SIZE) as pilot:
        shown.focus()
        await pilot.press("question_mark")
        lines = screen_lines(app)
        assert any("反转标记" in line for line in lines)
        assert {cell_len(line) for line in lines} == {80}


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ("y", True),
        ("n", False),
        ("escape", False),
        ("enter", False),
        ("tab enter", True),
        ("right enter", True),
        ("left left enter", False),
    ],
)
async def test_a_question_is_answered_by_keys(keys: str, answer: bool) -> None:
    app = WidgetApp()
    answers: list[bool | None] = []
    async with app.run_test(size=SIZE) as pilot:
        app.push_screen(ConfirmDialog("Remove [b]harbor[/b]?", "evil\x1b[2J\nsecond", yes="Remove"), answers.append)
        await pilot.pause()
        text = "\n".join(screen_lines(app))
        assert "Remove [b]harbor[/b]?" in text
        assert "evil\\x1b[2J" in text
        assert "Remove (y)" in text
        await pilot.press(*keys.split())
        await pilot.pause()
        assert answers == [answer]


async def test_details_show_fields_and_sections_of_hostile_text() -> None:
    app = WidgetApp(pane := DetailPane())
    async with app.run_test(size=SIZE) as pilot:
        layers = [f"sha256:{number:064x}" for number in range(60)]
        pane.show(
            "library/[red]nginx",
            [("Digest", "sha256:abc"), ("平台", "linux/amd64"), ("Label", "[bold]x[/]\x1b[31m")],
            [Section("Layers", layers)],
        )
        await pilot.pause()
        lines = screen_lines(app)
        assert "library/[red]nginx" in lines[0]
        assert [line[2:].split()[0] for line in lines[1:3]] == ["Digest", "平台"]
        assert {cell_len(lines[1].partition("sha256")[0]), cell_len(lines[2].partition("linux")[0])} == {10}
        assert "[bold]x[/]\\x1b[31m" in lines[3]
        assert "Layers" in lines[5]
        assert {cell_len(line) for line in lines} == {80}
        pane.focus()
        await pilot.press("G")
        await pilot.pause()
        assert any(f"{59:064x}"[-8:] in line for line in screen_lines(app)[-4:])
        assert pane.plain.splitlines()[0] == "Digest  sha256:abc"


async def test_an_empty_place_says_what_to_do() -> None:
    app = WidgetApp(EmptyState("No endpoints yet", "Add [one]:", [("a", "Add an endpoint"), ("enter", "Try it")]))
    async with app.run_test(size=SIZE):
        lines = [line.strip() for line in screen_lines(app) if line.strip()]
        assert lines == ["No endpoints yet", "Add [one]:", "a      Add an endpoint", "enter  Try it"]


async def test_the_filter_goes_back_by_enter_and_escape() -> None:
    shown = table(20)
    app = WidgetApp(TablePane(shown))
    async with app.run_test(size=SIZE) as pilot:
        shown.focus()
        await pilot.press("slash", "1", "escape")
        assert shown.has_focus
        assert shown.row_count == 20
        assert app.query_one(Input).value == ""
        await pilot.press("slash", "1", "down", "slash", "5", "enter")
        assert shown.filter_text == "15"
