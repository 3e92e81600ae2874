"""The place 'runs'."""

from __future__ import annotations

from typing import ClassVar

from tui.app.screens.place import Place


class Runs(Place):
    """The place 'runs'."""

    MODE: ClassVar[str] = "runs"
