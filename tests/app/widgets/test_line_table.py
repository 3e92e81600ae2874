"""The table as a user meets it: keys, marks, order, filter, live rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual import on
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from tests.app.harness import COLUMNS, WidgetApp, names, row, rows, screen_lines, table
from tui.app.widgets.lazy_source import LazySource
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane

SIZE = (80, 24)
PAGE = 23


async def until(pilot: Pilot[object], true: Callable[[], bool]) -> None:
    """Wait for something the table does beside the key stroke."""
    for _ in range(200):
        await pilot.pause()
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    ("keys", "cursor", "top"),
    [
        ("j j k", 1, 0),
        ("down down up", 1, 0),
        ("pagedown", PAGE, PAGE),
        ("pagedown j pageup", 1, 0),
        ("ctrl+d ctrl+d", 22, 22),
        ("ctrl+d ctrl+u", 0, 0),
        ("G", 99_999, 100_000 - PAGE),
        ("end k", 99_998, 100_000 - PAGE),
        ("G g", 0, 0),
        ("end home", 0, 0),
        ("k", 0, 0),
        ("G j", 99_999, 100_000 - PAGE),
    ],
)
async def test_keys_move_the_cursor_through_a_hundred_thousand_rows(keys: str, cursor: int, top: int) -> None:
    shown = table(100_000)
    app = WidgetApp(shown)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys.split())
        assert (shown.cursor, shown.top) == (cursor, top)
        assert shown.cursor_key == f"row-{cursor:06d}"
        assert names(app)[0] == f"row-{top:06d}"
        assert app.last(LineTable.RowHighlighted).key == shown.cursor_key


async def test_enter_and_a_double_click_open_a_row() -> None:
    app = WidgetApp(shown := table(50))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "enter")
        assert app.last(LineTable.RowOpened).key == "row-000001"
        await pilot.click(LineTable, offset=(5, 8), times=2)
        assert app.last(LineTable.RowOpened).key == "row-000007"
        assert shown.cursor == 7


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = WidgetApp(shown := table(500))
    async with app.run_test(size=SIZE) as pilot:
        await pilot._post_mouse_events([MouseScrollDown], LineTable, (5, 5))
        await until(pilot, lambda: shown.top > 0)
        assert shown.cursor == 0
        assert names(app)[0] == f"row-{shown.top:06d}"


async def test_less_important_columns_give_way() -> None:
    app = WidgetApp(table(5))
    async with app.run_test(size=SIZE) as pilot:
        assert "Tries" in screen_lines(app)[0]
        await pilot.resize_terminal(45, 24)
        assert "Tries" not in screen_lines(app)[0]
        assert "State" in screen_lines(app)[0]


async def test_double_width_characters_do_not_shift_columns() -> None:
    app = WidgetApp(table([row("library/镜像-仓库"), row("library/plain"), row("漢" * 60)]))
    async with app.run_test(size=SIZE):
        lines = screen_lines(app)
        places = {cell_len(line[: line.index("pending")]) for line in lines[1:4]}
        assert len(places) == 1
        assert {cell_len(line) for line in lines} == {80}


async def test_marks_survive_filter_and_order() -> None:
    app = WidgetApp(shown := table(30, marks=True))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("space", "space")
        assert shown.marks == ["row-000000", "row-000001"]
        assert shown.cursor == 2
        shown.sort_by("name", descending=True)
        shown.set_filter("row-00002")
        assert shown.marks == ["row-000000", "row-000001"]
        await pilot.press("a")
        assert len(shown.marks) == 12
        await pilot.press("asterisk")
        assert shown.marks == shown.chosen == ["row-000000", "row-000001"]
        shown.set_filter("")
        await pilot.pause()
        assert [line[0] for line in screen_lines(app)[1:]].count("*") == 0  # they are at the end now
        await pilot.press("G")
        assert screen_lines(app)[-1].startswith("*")


async def test_without_marks_the_row_under_the_cursor_is_chosen() -> None:
    app = WidgetApp(shown := table(3))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "space", "a")
        assert shown.marks == []
        assert shown.chosen == ["row-000001"]


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    app = WidgetApp(shown := table(1000))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*"jjjjj")
        shown.sort_by("size", descending=True)
        await pilot.pause()
        assert shown.cursor_key == "row-000005"
        assert shown.cursor in shown.visible_positions()
        sizes = [shown.source.row(shown.order.index_at(at))[1] for at in range(1000)]
        assert sizes == sorted(sizes, reverse=True)


async def test_a_click_on_a_title_orders_by_it_and_a_second_turns_it_around() -> None:
    app = WidgetApp(shown := table(100))
    async with app.run_test(size=SIZE) as pilot:
        at = screen_lines(app)[0].index("Size")
        for expected in ("▴", "▾"):
            await pilot.click(LineTable, offset=(at, 0))
            assert f"Size {expected}" in screen_lines(app)[0]
        assert (shown.sort_column, shown.descending) == ("size", True)


async def test_keys_choose_the_column_to_order_by() -> None:
    app = WidgetApp(shown := table(100))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("s", "s")
        assert shown.sort_column == "size"
        await pilot.press("S")
        assert shown.descending
        await pilot.press("s", "s", "s")
        assert shown.sort_column == ""


async def test_the_filter_shows_rows_as_one_types() -> None:
    shown = table(300, marks=True)
    app = WidgetApp(TablePane(shown, "Things"))
    async with app.run_test(size=SIZE) as pilot:
        shown.focus()
        await pilot.pause()
        assert "Things (300)" in screen_lines(app)[0]
        await pilot.press("slash", *"RUNNING 9")
        found = len([one for one in rows(300) if one[2] == "running" and "9" in one[0]])
        await until(pilot, lambda: shown.row_count == found)
        await pilot.press("enter", "space")
        assert shown.has_focus
        assert f"Things ({shown.row_count} of 300, 1 marked)" in screen_lines(app)[0]
        await pilot.press("escape")
        assert shown.row_count == 300
        assert shown.marks == ["row-000019"]


async def test_what_is_empty_says_so() -> None:
    app = WidgetApp(shown := table([], empty="No endpoints yet."))
    async with app.run_test(size=SIZE) as pilot:
        assert any("No endpoints yet." in line for line in screen_lines(app))
        await pilot.press("j", "G", "enter", "space", "s")
        assert shown.cursor_key is None
        shown.set_source(ListSource(rows(3)))
        shown.set_filter("nowhere")
        await pilot.pause()
        assert any("Nothing matches" in line for line in screen_lines(app))


async def test_an_update_paints_the_cells_that_changed_and_nothing_else() -> None:
    app = WidgetApp(shown := table(100_000))
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(0.3)
        shown.forget_painted()
        source = shown.source
        assert isinstance(source, ListSource)
        source.put(row("row-000003", 3 * 7919, "pending", tries=2))
        source.put(row("row-050000", 1, "failed", tries=9))
        shown.update_rows(["row-000003", "row-050000"])
        await until(pilot, lambda: bool(shown.painted))
        assert shown.whole == 0
        assert [(region.y, region.width, region.height) for region in shown.painted] == [(4, 6, 1)]
        assert screen_lines(app)[4].split()[-1] == "2"


async def test_many_updates_are_painted_together() -> None:
    app = WidgetApp(shown := table(100))
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(0.3)
        source = shown.source
        assert isinstance(source, ListSource)
        shown.forget_painted()
        for tries in range(2, 50):
            source.put(row("row-000000", 0, "pending", tries))
            shown.update_rows(["row-000000"])
        await until(pilot, lambda: bool(shown.painted))
        assert len(shown.painted) == 1


async def test_rows_that_come_do_not_push_the_cursor_away() -> None:
    app = WidgetApp(shown := table(100, sort="name", descending=True))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*"jjjj")
        line = shown.cursor - shown.top
        source = shown.source
        assert isinstance(source, ListSource)
        for number in range(500, 540):
            source.put(row(f"row-{number:06d}"))
        shown.update_rows(f"row-{number:06d}" for number in range(500, 540))
        await until(pilot, lambda: shown.row_count == 140)
        assert shown.cursor_key == "row-000095"
        assert shown.cursor - shown.top == line
        assert names(app)[line] == "row-000095"
        assert app.last(LineTable.Arranged).shown == 140


async def test_a_table_nobody_touched_stays_at_its_top() -> None:
    app = WidgetApp(shown := table(100, sort="name", descending=True))
    async with app.run_test(size=SIZE) as pilot:
        source = shown.source
        assert isinstance(source, ListSource)
        source.put(row("row-000500"))
        shown.update_rows(["row-000500"])
        await until(pilot, lambda: shown.row_count == 101)
        assert (shown.cursor, shown.top, shown.cursor_key) == (0, 0, "row-000500")


async def test_a_row_that_goes_leaves_the_cursor_at_its_place() -> None:
    app = WidgetApp(shown := table(10, marks=True))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "j", "space", "k")
        shown.set_source(ListSource([one for one in rows(10) if one[0] != "row-000002"]))
        await pilot.pause()
        assert shown.cursor_key == "row-000003"
        assert shown.marks == []
        shown.set_source(ListSource(rows(1)))
        await pilot.pause()
        assert shown.cursor == 0
        assert names(app) == ["row-000000"]


async def test_a_long_table_is_ordered_beside_the_event_loop_and_hears_of_changes_meanwhile() -> None:
    app = WidgetApp(shown := table(30_000))
    async with app.run_test(size=SIZE) as pilot:
        source = shown.source
        assert isinstance(source, ListSource)
        shown.sort_by("size", descending=True)
        source.put(row("row-000000", 10**9))
        shown.update_rows(["row-000000"])
        await until(pilot, lambda: shown.key_at(0) == "row-000000")
        sizes = [shown.source.row(shown.order.index_at(at))[1] for at in range(30_000)]
        assert sizes == sorted(sizes, reverse=True)


async def test_a_test_for_rows_goes_with_the_filter() -> None:
    app = WidgetApp(shown := table(30, where=lambda one: one[2] == "done"))
    async with app.run_test(size=SIZE) as pilot:
        assert shown.row_count == 10
        shown.set_filter("row-00002")
        assert [shown.key_at(at) for at in range(shown.row_count)] == [
            "row-000020",
            "row-000023",
            "row-000026",
            "row-000029",
        ]
        shown.set_filter("")
        shown.set_where(None)
        await pilot.pause()
        assert shown.row_count == 30


async def test_following_keeps_to_the_last_row_until_the_user_moves() -> None:
    app = WidgetApp(shown := table(100))
    async with app.run_test(size=SIZE) as pilot:
        source = shown.source
        assert isinstance(source, ListSource)
        await pilot.press("f")
        assert shown.cursor == 99
        source.put(row("row-000100"))
        shown.update_rows(["row-000100"])
        await until(pilot, lambda: shown.cursor_key == "row-000100")
        await pilot.press("k")
        assert not shown.following
        assert app.last(LineTable.FollowChanged).following is False


async def test_rows_are_loaded_when_they_come_on_screen() -> None:
    wanted: list[list[object]] = []
    source = LazySource((f"row-{number:06d}" for number in range(100_000)), lambda key: row(f"{key} ...", 0), keep=100)
    shown = LineTable(COLUMNS, source)

    class Loading(WidgetApp):
        @on(LineTable.VisibleRowsChanged)
        def load(self, event: LineTable.VisibleRowsChanged) -> None:
            missing = source.missing(event.keys)
            wanted.append(list(missing))
            source.put((key, row(str(key), 5, "done")) for key in missing)
            event.table.update_rows(missing)

    app = Loading(shown)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "done" in screen_lines(app)[1])
        await pilot.press("G")
        assert "..." in screen_lines(app)[-1]
        await until(pilot, lambda: "done" in screen_lines(app)[-1])
        assert [len(keys) for keys in wanted] == [PAGE, PAGE]
        await pilot.press("s")
        asked = app.last(LineTable.ArrangementAsked)
        assert (asked.sort_column, asked.filter_text, asked.descending) == ("name", "", False)


HOSTILE = {
    "ansi": "evil\x1b[31mred\x1b]0;title\x07",
    "c1": "evil\x9b31mred",
    "markup": "[bold red]evil[/] [@click=app.quit]x[/]",
    "newline": "two\r\nlines",
    "bidi": "evil\u202egnp.exe\u2066",
    "joiners": "fam\u200dily \U0001f468\u200d\U0001f469",
    "combining": "z" + "\u0301" * 40,
    "surrogate": "half\ud83d",
    "wide": "仓库" * 50,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_neither_break_nor_colour_the_screen(name: str) -> None:
    app = WidgetApp(table([row("plain"), row(HOSTILE[name]), row("after")]))
    async with app.run_test(size=SIZE):
        lines = screen_lines(app)
        assert {cell_len(line) for line in lines} == {80}
        assert all(character.isprintable() for line in lines for character in line)
        assert len({cell_len(line[: line.index("pending")]) for line in lines[1:4]}) == 1
        assert "\u202e" not in lines[2]
        assert lines[3].split()[0] == "after"
    if name == "markup":
        assert "[bold red]evil[/]" in lines[2]


async def test_only_the_rows_of_the_cursor_are_painted_when_it_moves() -> None:
    app = WidgetApp(shown := table(100))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        shown.forget_painted()
        await pilot.press("j")
        assert {region.y for region in shown.painted} == {1, 2}
        assert shown.whole == 0
