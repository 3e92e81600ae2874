"""The place 'endpoints'."""

from __future__ import annotations

from typing import ClassVar

from tui.app.screens.place import Place


class Endpoints(Place):
    """The place 'endpoints'."""

    MODE: ClassVar[str] = "endpoints"
