"""Asking for a passphrase on the screen: to open a vault or keyring, or to make one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.app.i18n import N_, _
from tui.app.screens.secret_input import SecretInput
from tui.app.screens.work import begin
from tui.app.widgets.fitted import clean
from tui.app.widgets.key_hints import KeyHints

if TYPE_CHECKING:
    from textual.app import App

    from tui.endpoints.secrets.passphrase import PassphraseRequest, PassphraseSource

LEAST = 8
"""Characters of a new passphrase."""


class PassphraseDialog(ModalScreen[str | None]):
    """Answers with the passphrase, or None when there is none to be had.

    A `new` one is typed twice. `problem` says what was wrong with the one before. `attempt` tries it while the dialog
    is open and returns what is wrong, '' when it did; without it the caller tries.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Go on"), priority=True),
        Binding("tab,down", "app.focus_next", N_("Next field"), show=False),
        Binding("shift+tab,up", "app.focus_previous", N_("Field before"), show=False),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    PassphraseDialog > Vertical {
        width: 70; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $border; border-title-color: $text-accent; padding: 0 1;
    }
    PassphraseDialog .about { color: $text-muted; height: auto; margin-bottom: 1; }
    PassphraseDialog #problem { color: $text-error; height: auto; }
    PassphraseDialog KeyHints { dock: none; margin-top: 1; background: $surface; }
    """

    def __init__(
        self,
        title: str,
        about: str = "",
        *,
        new: bool = False,
        problem: str = "",
        attempt: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._new = new
        self._problem = problem
        self._attempt = attempt

    def compose(self) -> ComposeResult:
        """Yield one line to type into, or two."""
        with Vertical() as box:
            box.border_title = Content(clean(self._title)).markup
            if self._about:
                yield Static(clean(self._about), classes="about", markup=False)
            yield SecretInput(_("passphrase"), id="first")
            if self._new:
                yield SecretInput(_("once more"), id="again")
            yield Static(clean(self._problem), id="problem", markup=False)
            yield KeyHints()

    def action_take(self) -> None:
        """Answer with what was typed, unless something is wrong with it."""
        first = self.query_one("#first", Input).value
        if not first:
            self._say(_("Type the passphrase, or leave with escape"))
        elif not self._new:
            self._try(first)
        elif len(first) < LEAST:
            self._say(_("It needs at least {least} characters; several words are easy to remember").format(least=LEAST))
        elif first != self.query_one("#again", Input).value:
            again = self.query_one("#again", Input)
            self._say(_("The two differ") if again.value else _("Type it once more"))
            again.focus()
        else:
            self._try(first)

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def _try(self, passphrase: str) -> None:
        if self._attempt is None:
            self.dismiss(passphrase)
            return
        self._say(_("Trying…"))
        begin(self, partial(self._attempted, passphrase), "attempt")

    async def _attempted(self, passphrase: str) -> None:
        assert self._attempt is not None
        problem = await self._attempt(passphrase)
        if problem:
            self._say(problem)
            self.query_one("#first", Input).value = ""
        else:
            self.dismiss(passphrase)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(clean(text))


def ask_on_screen(app: App[object], before: PassphraseSource | None = None) -> PassphraseSource:
    """Return who asks for the vault's passphrase, for `SecretStores`: `before`, else a dialog of `app`."""

    async def ask(request: PassphraseRequest) -> str | None:
        given = await before(request) if before is not None else None
        if given is not None:
            return given
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

        def answered(passphrase: str | None) -> None:
            if not answer.done():
                answer.set_result(passphrase)

        dialog = vault_dialog(request.where, new=request.new, problem=request.problem)
        await app.push_screen(dialog, answered)
        try:
            return await answer
        finally:
            if not answer.done() and dialog.is_current:  # whoever wanted it was cancelled
                dialog.dismiss(None)

    return ask


def vault_dialog(
    where: str, *, new: bool, problem: str = "", attempt: Callable[[str], Awaitable[str]] | None = None
) -> PassphraseDialog:
    """Return the dialog for the vault at `where`."""
    if new:
        about = _("A new vault is made at {where}. Without its passphrase nobody can open it.").format(where=where)
        return PassphraseDialog(_("Passphrase of a new vault"), about, new=True, problem=problem, attempt=attempt)
    about = _("The vault is {where}.").format(where=where)
    return PassphraseDialog(_("Passphrase of the vault"), about, problem=problem, attempt=attempt)
