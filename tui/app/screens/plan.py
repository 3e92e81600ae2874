"""The place 'plan'."""

from __future__ import annotations

from typing import ClassVar

from tui.app.screens.place import Place


class PlanScreen(Place):
    """The place 'plan'."""

    MODE: ClassVar[str] = "plan"
