"""The place 'browse'."""

from __future__ import annotations

from typing import ClassVar

from tui.app.screens.place import Place


class Browse(Place):
    """The place 'browse'."""

    MODE: ClassVar[str] = "browse"
