"""The place 'home'."""

from __future__ import annotations

from typing import ClassVar

from tui.app.screens.place import Place


class Home(Place):
    """The place 'home'."""

    MODE: ClassVar[str] = "home"
