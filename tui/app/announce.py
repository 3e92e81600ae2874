"""Telling somebody who looks elsewhere: the terminal's bell, and a notification where the terminal shows them."""

from __future__ import annotations

from typing import Any

from textual.app import App

from tui.oci.text import printable

_LONGEST = 200


def announce(app: App[Any], text: str) -> None:
    """Ring, and ask the terminal to notify (OSC 9, as iTerm2, WezTerm, kitty, Windows Terminal and ConEmu know it).

    Terminals that do not know it show nothing; tmux keeps it to itself and passes on the bell.
    """
    app.bell()
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(f"\x1b]9;{printable(f'{app.title}: {text}', _LONGEST)}\x07")
