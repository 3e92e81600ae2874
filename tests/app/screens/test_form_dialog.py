"""The form: its keys stay in sight however much is said."""

from __future__ import annotations

from textual.widgets import Input

from tests.app.harness import WidgetApp, screen_lines
from tests.app.screens.running import until
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict


def _as_many_lines(values: Values) -> Verdict:
    return Verdict(lines=tuple(f"line {number}" for number in range(int(values["field0"] or 1))))


async def test_many_fields_scroll_so_that_the_keys_stay_in_sight() -> None:
    form = FormDialog("Options", [Field(f"field{number}", f"Field {number}") for number in range(14)], _as_many_lines)
    app = WidgetApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(form)
        await until(lambda: "esc" in "\n".join(screen_lines(app)))
        form.query_one("#field-field0", Input).value = "7"
        await until(lambda: all(word in "\n".join(screen_lines(app)) for word in ("line 6", "Field 0", "esc", "╰")))
        assert "Field 13" not in "\n".join(screen_lines(app))
        await pilot.press("shift+tab")
        await until(lambda: "Field 13" in "\n".join(screen_lines(app)))
        form.query_one("#field-field0", Input).value = "1"
        await until(lambda: all(f"Field {number} " in "\n".join(screen_lines(app)) for number in range(14)))
        await pilot.resize_terminal(80, 12)
        await until(lambda: all(word in "\n".join(screen_lines(app)) for word in ("Field 13", "line 0", "esc", "╰")))
