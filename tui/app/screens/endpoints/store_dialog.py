"""Where a password is to be kept: every store with its state in words, in the order they are offered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.i18n import N_, _, told
from tui.app.screens.endpoints.words import LASTS, STORE_STATES, STORES, store_message, store_state
from tui.app.screens.passphrase_dialog import PassphraseDialog, vault_dialog
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.cell import Cell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import clean
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import StoreName
from tui.oci.errors import LocalError

if TYPE_CHECKING:
    from tui.app.session import Session
    from tui.endpoints.secrets.status import StoreStatus

KEEPING: tuple[StoreName, ...] = ("keyring", "vault", "kernel", "docker", "session")
"""Stores a password that was typed can be put into, in the order they are offered."""

_COLUMNS = (
    Column(key="store", title=N_("Store"), width=22),
    Column(key="state", title=N_("State"), width=20, cell=StateCell(STORE_STATES)),
    Column(key="lasts", title=N_("Kept"), width=20, weight=1, cell=Cell("muted")),
)


class StoreDialog(ModalScreen[StoreName | None]):
    """Answers with a store that is open or could be; the one taken is unlocked or set up before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Keep it there"), priority=True),
        Binding("u", "unlock", N_("Unlock or set up")),
        Binding("r", "survey", N_("Look again"), show=False),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    StoreDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $border; border-title-color: $text-accent; padding: 0 1;
    }
    StoreDialog LineTable { height: 6; background: $surface; }
    StoreDialog #said { height: 3; margin-top: 1; color: $text-muted; }
    StoreDialog KeyHints { dock: none; background: $surface; }
    """

    def __init__(self, session: Session, current: StoreName, stores: Sequence[StoreName] = KEEPING) -> None:
        super().__init__()
        self._session = session
        self._current: StoreName = current
        self._offered = tuple(stores)
        self._states: dict[StoreName, StoreStatus] = {}

    def compose(self) -> ComposeResult:
        """Yield the stores, what the one under the cursor says, and the keys."""
        with Vertical() as box:
            box.border_title = _("Where the password is kept")
            yield LineTable(_COLUMNS, self._rows(), id="stores")
            yield Static(_("Looking which stores there are…"), id="said", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Ask every store how it is."""
        table = self.query_one(LineTable)
        table.focus()
        table.go_to(self._current)
        self.action_survey()

    def action_survey(self) -> None:
        """Ask again."""
        begin(self, self._survey, "survey")

    def action_take(self) -> None:
        """Answer with the store under the cursor, after opening it."""
        store = self._store
        status = self._states.get(store)
        if status is None:
            self._say(_("One moment: it is still being asked"))
        elif not status.can_save:
            self._say(store_message(status))
        else:
            begin(self, partial(self._opened_and_taken, store, status), "open")

    def action_unlock(self) -> None:
        """Open the store under the cursor, or set it up, and stay."""
        status = self._states.get(self._store)
        if status is not None and status.opening:
            begin(self, partial(self._opened, status), "open")
        else:
            self._say(_("There is nothing to unlock here"))

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    @on(LineTable.RowHighlighted)
    def _highlighted(self) -> None:
        status = self._states.get(self._store)
        if status is not None:
            self._say(store_message(status))

    @property
    def _store(self) -> StoreName:
        key = self.query_one(LineTable).cursor_key
        return next((store for store in self._offered if store == key), self._current)

    async def _survey(self) -> None:
        await warm_up()
        self._states = await survey(self._session)
        self.query_one(LineTable).set_source(self._rows())
        self._highlighted()

    async def _opened_and_taken(self, store: StoreName, status: StoreStatus) -> None:
        if await open_store(self.app, self._session, status):
            self.dismiss(store)

    async def _opened(self, status: StoreStatus) -> None:
        if await open_store(self.app, self._session, status):
            await self._survey()

    def _rows(self) -> ListSource:
        rows = (
            (
                _(STORES[store]),
                store_state(self._states[store]) if store in self._states else None,
                _(LASTS[store]),
                store,
            )
            for store in self._offered
        )
        return ListSource(rows, key_column=3)

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(clean(text))


async def survey(session: Session) -> dict[StoreName, StoreStatus]:
    """Return how every store is."""
    return {status.store: status for status in await session.stores.survey()}


async def open_store(app: App[object], session: Session, status: StoreStatus) -> bool:
    """Ask for the passphrase of a store that takes one, until it is open; return whether it is.

    Call it in a worker: it waits for a person.
    """
    if not status.opening:
        return status.can_save
    create = status.opening == "create"

    async def attempt(passphrase: str) -> str:
        try:
            await session.stores.unlock(status.store, passphrase, create=create)
        except (EndpointsError, LocalError) as error:
            return told(error)
        return ""

    if status.store == "vault":
        dialog = vault_dialog(str(session.stores.vault.path), new=create, attempt=attempt)
    else:
        title = _("Passphrase of a new OS keyring") if create else _("Passphrase of the OS keyring")
        about = store_message(status)
        dialog = PassphraseDialog(title, about, new=create, attempt=attempt)
    opened = await app.push_screen_wait(dialog) is not None
    if opened:
        session.resolver.forget()
    return opened
