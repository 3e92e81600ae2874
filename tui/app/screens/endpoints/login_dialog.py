"""Logging in to an endpoint: the login is tried at the registry, and kept unless it is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.app.i18n import N_, _, told
from tui.app.screens.endpoints import changes
from tui.app.screens.endpoints.changes import Changed
from tui.app.screens.endpoints.form_rows import LABELS, PLACEHOLDERS, SECRET_LABELS
from tui.app.screens.endpoints.store_dialog import open_store
from tui.app.screens.endpoints.words import store_title
from tui.app.screens.secret_input import SecretInput
from tui.app.screens.work import begin
from tui.app.widgets.fitted import clean, fit, width
from tui.app.widgets.key_hints import KeyHints
from tui.endpoints.access_keys import KEYED, is_access_key
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError, RegistryError

if TYPE_CHECKING:
    from tui.app.session import Session


class LoginDialog(ModalScreen[Changed | None]):
    """Answers with the endpoint as it is then. It stays open while a login is refused."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Log in"), priority=True),
        Binding("tab,down", "app.focus_next", N_("Next field")),
        Binding("shift+tab,up", "app.focus_previous", N_("Field before"), show=False),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    LoginDialog > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $border; border-title-color: $text-accent; padding: 0 1;
    }
    LoginDialog Horizontal { height: 1; }
    LoginDialog .label { width: auto; color: $text-muted; margin-right: 2; }
    LoginDialog Input { width: 1fr; }
    LoginDialog .about { color: $text-muted; height: auto; margin-bottom: 1; }
    LoginDialog #said { height: auto; min-height: 1; color: $text-error; margin-top: 1; }
    LoginDialog #said.-going-on { color: $text-muted; }
    LoginDialog KeyHints { dock: none; background: $surface; }
    """

    def __init__(self, session: Session, endpoint: Endpoint) -> None:
        super().__init__()
        self._session = session
        # Docker's logins and variables are not ours to write: what is typed here is kept where ours are.
        self._new = endpoint if endpoint.store in changes.OURS else replace(endpoint, store="session")
        self._old = endpoint
        self._takes_keys = endpoint.kind in KEYED
        self._is_key = self._takes_keys and is_access_key(endpoint, endpoint.username)

    def compose(self) -> ComposeResult:
        """Yield user name, password, and where it will be kept."""
        names = SECRET_LABELS[self._old.kind] if self._is_key else (N_("User name"), N_("Password"))
        labels = [_(name) for name in (*names, LABELS["token"])]
        wide = max(map(width, labels))
        with Vertical() as box:
            box.border_title = Content(clean(_("Log in to {name}").format(name=self._old.name))).markup
            about = _("{address}; the password is kept in: {store}").format(
                address=self._old.address, store=store_title(self._new)
            )
            yield Static(clean(about), classes="about", markup=False)
            with Horizontal():
                yield Static(fit(labels[0], wide), classes="label", markup=False)
                yield Input(self._old.username, id="user", compact=True, select_on_focus=False)
            with Horizontal():
                yield Static(fit(labels[1], wide), classes="label", markup=False)
                yield SecretInput(id="password")
            if self._takes_keys:
                placeholder = PLACEHOLDERS["token"]
                with Horizontal():
                    yield Static(fit(labels[2], wide), classes="label", markup=False)
                    yield SecretInput(_(placeholder), id="token")
            yield Static(id="said", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Begin where something is missing."""
        self.query_one("#password" if self._old.username else "#user").focus()

    def action_take(self) -> None:
        """Try what was typed."""
        user = self.query_one("#user", Input).value.strip()
        password = self.query_one("#password", Input).value
        if not user or not password:
            self._say(_("Give user name and password"))
            self.query_one("#password" if user else "#user").focus()
        else:
            token = self.query_one("#token", Input).value.strip() if self._takes_keys else ""
            begin(self, partial(self._log_in, user, password, token), "login")

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    async def _log_in(self, user: str, password: str, token: str) -> None:
        try:
            new = replace(self._new, username=user)
            self._say(_("Asking the registry…"), going_on=True)
            remark = await changes.try_login(self._session, self._old, user, password, token)
            status = await self._session.stores.status(new.store)
            if status.opening and not await open_store(self.app, self._session, status):
                self._say(_("Not kept: the store was not opened"))
                return
            self._say(_("Keeping it…"), going_on=True)
            changed = await changes.change(self._session, self._old, new, password, token)
        except (RegistryError, EndpointsError, LocalError) as error:
            self._say(told(error))
            return
        for secret in self.query(SecretInput):
            secret.value = ""
        self.dismiss(Changed(changed.endpoint, "; ".join(filter(None, (remark, changed.warning)))))

    def _say(self, text: str, *, going_on: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.update(clean(text))
        said.set_class(going_on, "-going-on")
