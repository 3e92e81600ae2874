"""The place 'endpoints': the registries we know, as whom, and whether the way to them works."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.app.i18n import N_, _, said, told
from tui.app.screens.browse import Browse
from tui.app.screens.endpoints import changes
from tui.app.screens.endpoints.changes import Changed
from tui.app.screens.endpoints.deeds import Deeds
from tui.app.screens.endpoints.details import fields_of, sections_of
from tui.app.screens.endpoints.form import EndpointForm
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.endpoints.namespaces_dialog import NamespacesDialog
from tui.app.screens.endpoints.rows import COLUMNS, row_of, source_of
from tui.app.screens.endpoints.store_dialog import StoreDialog
from tui.app.screens.endpoints.values import filled_from, suggested_name
from tui.app.screens.endpoints.words import STORES, kind_title
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.detail_pane import DetailPane
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError
from tui.oci.reference import is_repository


class Endpoints(Deeds):
    """The place 'endpoints'."""

    MODE: ClassVar[str] = "endpoints"
    BINDING_GROUP_TITLE = N_("Endpoints")
    AUTO_FOCUS = "LineTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,insert,plus", "add", N_("Add")),
        Binding("t", "test", N_("Test")),
        Binding("e", "edit", N_("Edit")),
        Binding("l", "login", N_("Log in")),
        Binding("w", "store", N_("Where the password is kept"), show=False),
        Binding("c", "duplicate", N_("Duplicate"), show=False),
        Binding("d,delete", "remove", N_("Remove")),
        Binding("T", "test_all", N_("Test all"), show=False),
        Binding("p", "test_push", N_("Test the permission to push"), show=False),
        Binding("b", "browse", N_("Browse")),
        Binding("N", "namespaces", N_("Namespaces"), key_display="N"),
        Binding("y", "copy", N_("Copy the address"), show=False),
        Binding("ctrl+r", "read_again", N_("Read again"), show=False),
    ]
    DEFAULT_CSS = """
    Endpoints #endpoints-room { layout: vertical; height: 1fr; }
    Endpoints TablePane { height: 1fr; min-height: 5; }
    Endpoints DetailPane { height: auto; max-height: 70%; min-height: 8; }
    Endpoints.-wide #endpoints-room { layout: horizontal; }
    Endpoints.-wide TablePane { width: 3fr; height: 1fr; }
    Endpoints.-wide DetailPane { width: 2fr; height: 1fr; max-height: 100%; }
    Endpoints EmptyState { display: none; height: 1fr; }
    Endpoints.-nothing EmptyState { display: block; }
    Endpoints.-nothing #endpoints-room { display: none; }
    """
    NEEDS_ONE = frozenset(
        {"test", "edit", "login", "store", "duplicate", "remove", "test_push", "test_all", "browse", "namespaces"}
    )
    """Actions about the endpoint under the cursor."""

    def content(self) -> ComposeResult:
        """Yield the table and what is known about the endpoint under the cursor."""
        with Container(id="endpoints-room"):
            yield TablePane(LineTable(COLUMNS, source_of((), {}), id="endpoints"), _("Endpoints"))
            yield DetailPane(id="endpoint")
        yield EmptyState("")

    def on_mount(self) -> None:
        """Read the list."""
        self.action_read_again()

    def on_screen_resume(self) -> None:
        """Read the list again: another screen, or another regferry, may have changed it."""
        self.action_read_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what needs an endpoint while there is none."""
        return bool(self._known) if action in self.NEEDS_ONE else True

    def action_read_again(self) -> None:
        """Read endpoints.toml."""
        try:
            endpoints = self.session.endpoints()
        except (EndpointsError, LocalError) as error:
            self._known = {}
            self._say_nothing(_("The list of endpoints cannot be used"), told(error))
            self.say(said(error.message), "error")
            return
        self._known = {each.id: each for each in endpoints}
        self.query_one(LineTable).set_source(source_of(endpoints, self._tests))
        self.set_class(not endpoints, "-nothing")
        self.refresh_bindings()
        self._show()
        if not endpoints:
            title = _("No endpoints yet")
            sentence = _("An endpoint is a registry, the way to it, and a login.")
            self._say_nothing(title, sentence)
        elif not self.focused:
            self.query_one(LineTable).focus()

    def action_add(self) -> None:
        """Add an endpoint."""
        self.app.push_screen(EndpointForm(self._added))

    def action_edit(self) -> None:
        """Change the endpoint under the cursor."""
        if endpoint := self._own():
            self.app.push_screen(EndpointForm(self._changed, endpoint))

    def action_duplicate(self) -> None:
        """Add another account at the same registry."""
        if endpoint := self._here():
            name = suggested_name(endpoint.address, {each.name for each in self._known.values()})
            filled = replace(filled_from(endpoint), name=name, username="", note="")
            self.app.push_screen(EndpointForm(self._added, filled=filled))

    def action_login(self) -> None:
        """Log in as somebody, or with another password."""
        if endpoint := self._own():
            self.app.push_screen(LoginDialog(self.session, endpoint), self._logged_in)

    def action_store(self) -> None:
        """Keep the password somewhere else."""
        endpoint = self._own()
        if endpoint is not None and endpoint.store == "none":
            self.say(_("{name} has no login: l adds one").format(name=endpoint.name), "warning")
        elif endpoint is not None:
            dialog = StoreDialog(self.session, endpoint.store)
            self.app.push_screen(dialog, lambda store: self._moving(endpoint, store))

    def action_remove(self) -> None:
        """Remove the endpoint under the cursor, after asking."""
        if endpoint := self._own():
            detail = _("{address} is taken off the list; nothing changes at the registry.").format(
                address=endpoint.address
            )
            if endpoint.store in changes.OURS:
                detail += "\n" + _("Its password is removed from: {store}").format(store=_(STORES[endpoint.store]))
            question = ConfirmDialog(_("Remove {name}?").format(name=endpoint.name), detail, yes=_("Remove"))
            self.app.push_screen(question, lambda yes: self._removing(endpoint, yes))

    def action_test(self) -> None:
        """Test the endpoint under the cursor step by step."""
        if endpoint := self._here():
            self._test(endpoint)

    def action_test_all(self) -> None:
        """Test every endpoint."""
        for endpoint in self._known.values():
            self._test(endpoint)

    def action_test_push(self) -> None:
        """Test the permission to push: an upload is begun and given up."""
        if endpoint := self._here():
            title = _("Test the permission to push to {name}").format(name=endpoint.name)
            about = _("An upload is begun in this repository and given up at once; nothing is stored.")
            fields = [Field("repository", _("Repository"), hint="project/name")]
            self.app.push_screen(
                FormDialog(title, fields, _judge, about=about), lambda given: self._push(endpoint, given)
            )

    async def action_browse(self) -> None:
        """Look what is there."""
        if endpoint := self._here():
            await self.app.switch_mode("browse")
            if isinstance(self.app.screen, Browse):
                self.app.screen.open_source(endpoint)

    def action_namespaces(self) -> None:
        """Look at the namespaces or projects, and create them."""
        if endpoint := self._here():
            dialog = NamespacesDialog.at(self.session, endpoint)
            if dialog is None:
                title = kind_title(endpoint.kind)
                self.say(_("{kind} has no API for namespaces that regferry knows").format(kind=title), "warning")
            else:
                self.app.push_screen(dialog)

    def action_copy(self) -> None:
        """Copy the address."""
        if endpoint := self._here():
            self.app.copy_to_clipboard(endpoint.address)
            self.say(_("copied {text}").format(text=endpoint.address), "success")

    @on(LineTable.RowHighlighted, "#endpoints")
    def _highlighted(self) -> None:
        self._show()

    @on(LineTable.RowOpened, "#endpoints")
    def _opened(self) -> None:
        self.action_edit()

    def _here(self) -> Endpoint | None:
        return self._known.get(str(self.query_one(LineTable).cursor_key))

    def _own(self) -> Endpoint | None:
        endpoint = self._here()
        if endpoint is not None and self.session.is_demo(endpoint):
            self.say(_("{name} belongs to the demo and cannot be changed").format(name=endpoint.name), "warning")
            return None
        return endpoint

    def _added(self, endpoint: Endpoint) -> None:
        self._changed(endpoint)
        self._test(endpoint)

    def _changed(self, endpoint: Endpoint) -> None:
        self._tests.pop(endpoint.id, None)
        self.action_read_again()
        self.query_one(LineTable).go_to(endpoint.id)
        self._show()
        self.say(_("{name} is saved").format(name=endpoint.name), "success")

    def _logged_in(self, changed: Changed | None) -> None:
        if changed is not None:
            self._changed(changed.endpoint)
            words = _("logged in to {name}").format(name=changed.endpoint.name)
            self.say(
                f"{words}; {changed.warning}" if changed.warning else words, "warning" if changed.warning else "success"
            )
            self._test(changed.endpoint)

    def _step_done(self, key: str) -> None:
        endpoint = self._known.get(key)
        if endpoint is None or not self.is_mounted:
            return
        table = self.query_one(LineTable)
        if hasattr(table.source, "put"):
            table.source.put(row_of(endpoint, self._tests.get(key)))
        table.update_rows([key])
        if table.cursor_key == key:
            self._show()

    def _show(self) -> None:
        endpoint = self._here()
        if endpoint is not None:
            pane = self.query_one(DetailPane)
            pane.show(endpoint.name, fields_of(endpoint), sections_of(endpoint, self._tests.get(endpoint.id)))

    def _say_nothing(self, title: str, sentence: str) -> None:
        self.set_class(True, "-nothing")
        self.set_focus(None)
        self.query_one(EmptyState).show(title, sentence, [("n", _("add one")), ("1", _("back to the start"))])


def _judge(values: Values) -> Verdict:
    if not is_repository(values["repository"]):
        return Verdict(error=_("Name a repository, for example team/app"))
    return Verdict()
