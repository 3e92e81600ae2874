"""Adding or changing an endpoint: what is at the address is looked up while the rest is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.app.i18n import N_, _, told
from tui.app.screens.endpoints import changes
from tui.app.screens.endpoints.form_rows import LABELS, FormBox, form_rows
from tui.app.screens.endpoints.found_logins import FoundLogins
from tui.app.screens.endpoints.lines import ChoiceLine, PickLine
from tui.app.screens.endpoints.looking import Looking
from tui.app.screens.endpoints.pick_dialog import PickDialog
from tui.app.screens.endpoints.store_dialog import KEEPING, StoreDialog, open_store, survey
from tui.app.screens.endpoints.values import Filled, endpoint_of, filled_from, on_disk, warnings_of
from tui.app.screens.endpoints.ways import about_login
from tui.app.screens.endpoints.words import LASTS, STORES, kind_title, store_message, store_state
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.fitted import clean
from tui.endpoints.errors import EndpointsError, InvalidEndpoint
from tui.endpoints.model import Endpoint, StoreName
from tui.oci.errors import LocalError
from tui.providers.kinds import KINDS

if TYPE_CHECKING:
    from tui.endpoints.secrets.status import StoreStatus

_SECRETS = ("password", "token")


class EndpointForm(Looking):
    """Calls `done` with the endpoint once it is stored. `before` is changed; without it a new one is added,
    beginning with `filled`.
    """

    MODE: ClassVar[str] = "endpoints"
    BINDING_GROUP_TITLE = N_("Add an endpoint")
    AUTO_FOCUS = "#field-address"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", N_("Save"), priority=True),
        Binding("tab,down", "app.focus_next", N_("Next field")),
        Binding("shift+tab,up", "app.focus_previous", N_("Field before"), show=False),
        Binding("escape", "back", N_("Back")),
        Binding("ctrl+l", "logins", N_("Logins found here")),
        Binding("ctrl+o", "more", N_("More")),
        Binding("q", "back", N_("Back"), show=False),
    ]
    DEFAULT_CSS = "EndpointForm FormBox { height: 1fr; }"

    def __init__(
        self,
        done: Callable[[Endpoint], None],
        before: Endpoint | None = None,
        filled: Filled | None = None,
    ) -> None:
        first = filled_from(before) if before else filled or Filled()
        super().__init__(first, named=before is not None or bool(first.name))
        self._done = done
        self._before = before
        self._first = first
        if before is not None:
            self.keep_choices()
        self._more = bool(self._first.client_cert or self._first.proxy or self._first.note)
        self._states: dict[StoreName, StoreStatus] = {}
        self._logins = FoundLogins()
        self._saving = False
        self._chosen_store = before is not None and before.store in KEEPING

    def content(self) -> ComposeResult:
        """Yield the lines."""
        has_password = self._before is not None and self._before.store in changes.OURS
        box = FormBox(*form_rows(self._first, has_password=has_password))
        box.border_title = _("Change an endpoint") if self._before else _("Add an endpoint")
        yield box

    def on_mount(self) -> None:
        """Look which stores and logins there are, and what is at the address."""
        self.crumbs(self._before.name if self._before else _("add"))
        self.show_form()
        begin(self, self._look_around, "around")
        self.probe()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        key = (event.input.id or "").removeprefix("field-")
        if key == "name" and event.input.has_focus:
            self._named = bool(event.value)
        if key in ("address", "ca_file", "client_cert", "client_key", "proxy"):
            self.probe()

    @on(ChoiceLine.Changed)
    def _chosen(self, event: ChoiceLine.Changed) -> None:
        event.stop()
        line = (event.line.id or "").removeprefix("field-")
        self.taken(line)
        self.show_form()
        if line == "trust" and not self.follows(line):
            self.probe()

    @on(PickLine.Opened)
    def _pick(self, event: PickLine.Opened) -> None:
        event.stop()
        if event.line.id == "field-kind":
            rows = [("", _("as found"), ""), *((kind, kind_title(kind), kind) for kind in KINDS)]
            dialog = PickDialog(_("Kind of registry"), rows, titles=(N_("Kind"), N_("Name")), current=self._kind)
            self.app.push_screen(dialog, self._kind_picked)
        else:
            self.app.push_screen(StoreDialog(self.session, self._store), self._store_picked)

    def action_save(self) -> None:
        """Store the endpoint, unless something is missing."""
        if not self._saving:
            begin(self, self._save, "save")

    def action_more(self) -> None:
        """Show the lines that are seldom needed, or hide them."""
        self._more = not self._more
        self.show_form()
        if self._more:
            self.query_one("#field-kind").focus()

    def action_logins(self) -> None:
        """Take the address and login of one that docker or podman have."""
        if not self._logins.rows:
            self.say(_("docker and podman have no login on this host"), "warning")
            return
        titles = (N_("Registry"), N_("Login"))
        self.app.push_screen(PickDialog(_("Logins found here"), self._logins.rows, titles=titles), self._login_picked)

    def action_back(self) -> None:
        """Leave; what was typed is gone then."""
        password = self.query_one("#field-password", Input).value
        if self.filled == replace(self._first, store=self._store) and not password:
            self.dismiss()
            return
        question = ConfirmDialog(_("Leave without saving?"), yes=_("Leave"), no=_("Stay"))
        self.app.push_screen(question, self._leave_or_stay)

    def _leave_or_stay(self, leave: bool | None) -> None:
        if leave:
            self.dismiss()

    async def _save(self) -> None:
        password, token = (self.query_one(f"#field-{key}", Input).value for key in _SECRETS)
        filled = self.filled
        try:
            endpoint = endpoint_of(filled, self._found, self._before)
            kept = self._before is not None and self._before.store != "none"
            if filled.login in ("password", "key") and not (password or kept or on_disk(filled.address)):
                raise InvalidEndpoint("password", _("Give the password, or choose another way to log in"))
        except InvalidEndpoint as error:
            self._complain(error)
            return
        self._saving = True
        try:
            with_secret = filled.login in ("password", "key")
            await self._store_it(endpoint, password if with_secret else "", token.strip() if with_secret else "")
        except (EndpointsError, LocalError) as error:
            self.say(told(error), "error")
        finally:
            self._saving = False

    async def _store_it(self, endpoint: Endpoint, password: str, token: str) -> None:
        if password:
            self.say(_("Opening the store of the password…"))
            await warm_up()
            status = await self.session.stores.status(endpoint.store)
            if status.opening and not await open_store(self.app, self.session, status):
                self.say(_("Not saved: {store}: {problem}").format(
                    store=_(STORES[endpoint.store]), problem=store_message(status)
                ), "warning")  # fmt: skip
                return
        if self._before is None:
            changed = await changes.add(self.session, endpoint, password, token)
        else:
            changed = await changes.change(self.session, self._before, endpoint, password, token)
        # Nobody needs it here any more.
        for key in _SECRETS:
            self.query_one(f"#field-{key}", Input).value = ""
        self.dismiss()
        self._done(changed.endpoint)
        if changed.warning:
            self.app.say(changed.warning, "warning")

    async def _look_around(self) -> None:
        await warm_up()
        self._logins = await FoundLogins.on_this_host(self.session.environ)
        self.show_form()
        self._states = await survey(self.session)
        if not self._chosen_store:
            usable = (name for name in KEEPING if name in self._states and self._states[name].can_save)
            self._store = next(usable, "session")
        self.show_form()

    def show_form(self) -> None:
        """Bring lines and remarks in step with what is chosen and known."""
        filled = self.filled
        box = self.query_one(FormBox)
        box.show_for(filled, self.kind, more=self._more)
        warnings = warnings_of(filled, self._found)
        box.remark("trust", clean(" ".join(warnings)), "warning")
        login = self._logins.at(filled.address)
        if filled.login == "docker":
            box.remark("login", login or _("docker and podman have no login for this registry yet"))
        else:
            hint = _("docker login: {login}").format(login=login) if login and not filled.username else ""
            box.remark("login", about_login(filled, self.kind) or hint)
        status = self._states.get(self._store)
        words = _(LASTS[self._store])
        opening = store_state(status) if status is not None else ""
        asks = {"unlock": _("asks for its passphrase"), "create": _("a passphrase is chosen when saved")}
        self.query_one("#field-store", PickLine).show(_(STORES[self._store]), asks.get(opening, words))
        self.query_one("#field-kind", PickLine).show(kind_title(self._kind) if self._kind else _("as found"))
        better = self._states.get("keyring") if self._store != "keyring" else None
        told_so = filled.login in ("password", "key") and better is not None and better.state != "available"
        told_so = told_so and not on_disk(filled.address)
        box.remark("store", clean(store_message(better)) if told_so and better else "")

    def _complain(self, error: InvalidEndpoint) -> None:
        self.say(told(error), "error")
        fields = {"password_env": "variable"}
        key = fields.get(error.field, error.field)
        if key in LABELS:
            self.query_one(f"#field-{key}").focus()

    def _kind_picked(self, kind: str | None) -> None:
        if kind is not None:
            self._kind = kind
            self.show_form()

    def _store_picked(self, store: StoreName | None) -> None:
        if store is not None:
            self._store = store
            self._chosen_store = True
            begin(self, self._look_around, "around")

    def _login_picked(self, key: str | None) -> None:
        login = self._logins.named(key) if key is not None else None
        if login is not None:
            self.query_one("#field-address", Input).value = login.registry.partition("/")[0]
            self.query_one("#field-username", Input).value = login.user
            self.query_one("#field-login", ChoiceLine).choose("docker")
            self.show_form()
