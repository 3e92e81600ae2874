"""A line to type a secret into: dots, a key to see it, and no way out to the clipboard."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.app.i18n import N_


class SecretInput(Input):
    """Its value is a secret: it goes to a store or a registry, and nowhere else. ctrl+r shows it, or hides it again.

    It hides itself when it loses the focus, so that a secret does not stay on a screen somebody walks away from.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = N_("Password")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+r", "reveal", N_("Show or hide"))]

    def __init__(self, placeholder: str = "", *, id: str | None = None) -> None:
        super().__init__(password=True, placeholder=placeholder, id=id, compact=True, select_on_focus=False)

    def on_blur(self) -> None:
        """Hide the secret."""
        self.password = True

    def action_reveal(self) -> None:
        """Show what was typed, or hide it again."""
        self.password = not self.password

    def action_copy(self) -> None:
        """Copy nothing: clipboards are shared with everything else on the desktop."""
        raise SkipAction

    def action_cut(self) -> None:
        """Cut nothing, for the same reason."""
        raise SkipAction
