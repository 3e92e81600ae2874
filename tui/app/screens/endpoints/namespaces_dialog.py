"""The namespaces of a cloud's registry, or projects of a Harbor: what is there, creating one, auto-create, policy."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.i18n import N_, _, said, told
from tui.app.screens.endpoints.policy_dialog import PolicyDialog
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.cell import Cell
from tui.app.widgets.columns import Column
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.fitted import clean
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError, RegistryError
from tui.providers.preparing import Namespace, Powers, Preparer, preparer_for, takes_policy

if TYPE_CHECKING:
    from tui.app.session import Session
    from tui.oci.access import Access

_Trouble = (RegistryError, EndpointsError, LocalError)
_COLUMNS = (
    Column(key="name", title=N_("Name"), width=24, weight=3),
    Column(key="seen", title=N_("Read by"), width=12),
    Column(key="creates", title=N_("A push"), width=26, weight=1, cell=Cell("muted")),
)
_SEEN = {True: N_("everybody"), False: N_("members"), None: ""}
_CREATES = {True: N_("creates repositories"), False: N_("needs the repository"), None: ""}
_MOST_SHOWN = 500


class NamespacesDialog(ModalScreen[None]):
    """Shows them, and changes them only when asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,insert,plus", "create", N_("Create")),
        Binding("a", "auto_create", N_("Auto-create")),
        Binding("enter", "open", N_("Repositories")),
        Binding("p", "policy", N_("Policy")),
        Binding("ctrl+r", "look", N_("Look again"), show=False),
        Binding("escape,q", "dismiss", N_("Close")),
    ]
    DEFAULT_CSS = """
    NamespacesDialog > Vertical {
        width: 78; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $border; border-title-color: $text-accent; padding: 0 1;
    }
    NamespacesDialog LineTable { height: 10; background: $surface; }
    NamespacesDialog #said { height: auto; min-height: 2; margin-top: 1; color: $text-muted; }
    NamespacesDialog #said.-error { color: $text-error; }
    NamespacesDialog #said.-success { color: $text-success; }
    NamespacesDialog KeyHints { dock: none; background: $surface; }
    """

    def __init__(self, session: Session, endpoint: Endpoint, preparer: Preparer) -> None:
        super().__init__()
        self._session = session
        self._endpoint = endpoint
        self._preparer = preparer
        self._access: Access | None = None
        self._powers = Powers(look=False, create=False, repositories=False)
        self._found: dict[str, Namespace] = {}

    @classmethod
    def at(cls, session: Session, endpoint: Endpoint) -> NamespacesDialog | None:
        """Return the dialog for an endpoint, None for a kind of registry where nothing can be prepared."""
        preparer = preparer_for(endpoint.kind)
        return cls(session, endpoint, preparer) if preparer is not None else None

    def compose(self) -> ComposeResult:
        """Yield the table, what is said about it, and the keys."""
        with Vertical() as box:
            project = self._endpoint.kind == "harbor"
            title = _("Projects of {name}") if project else _("Namespaces of {name}")
            box.border_title = Content(clean(title.format(name=self._endpoint.name))).markup
            yield LineTable(_COLUMNS, ListSource((), key_column=3), id="namespaces")
            yield Static(id="said", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Look what is there."""
        self.query_one(LineTable).focus()
        self.action_look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what this login cannot do."""
        powers = self._powers
        can = {
            "create": powers.create,
            "auto_create": powers.create and powers.auto_create == "switch" and bool(self._found),
            "open": powers.look and bool(self._found),
            "policy": takes_policy(self._endpoint.kind),
        }
        return can.get(action, True)

    def action_look(self) -> None:
        """Read the list again."""
        self._begin(self._look)

    def action_create(self) -> None:
        """Ask for a name and create it."""
        title = _("Create a namespace or project")
        choices = (("no", _("no")), ("yes", _("yes")))
        fields = [
            Field("name", _("Name"), hint="team"),
            Field("public", _("Everybody may read"), "no", choices=choices),
        ]
        self.app.push_screen(FormDialog(title, fields, _judge), self._creating)

    def action_auto_create(self) -> None:
        """Let pushes create repositories in the namespace under the cursor, after asking."""
        if (found := self._here) is None:
            return
        if found.creates:
            self._say(_("{name} creates repositories by itself already").format(name=found.name))
            return
        question = _("Let pushes create repositories in {name}?").format(name=found.name)
        self.app.push_screen(ConfirmDialog(question, yes=_("Switch on")), partial(self._switching, found.name))

    def action_open(self) -> None:
        """Show the repositories of the namespace under the cursor."""
        if found := self._here:
            self._begin(partial(self._open, found.name))

    def action_policy(self) -> None:
        """Show the least an account must be allowed for the namespace under the cursor."""
        if found := self._here:
            self._begin(partial(self._policy, found.name))
            return
        title = _("A policy for which namespace?")
        self.app.push_screen(FormDialog(title, [Field("name", _("Name"), hint="team")], _judge), self._policy_for)

    @property
    def _here(self) -> Namespace | None:
        return self._found.get(str(self.query_one(LineTable).cursor_key))

    @on(LineTable.RowOpened)
    def _opened(self) -> None:
        self.action_open()

    def _policy_for(self, given: dict[str, str] | None) -> None:
        if given is not None:
            self._begin(partial(self._policy, given["name"].strip()))

    def _creating(self, given: dict[str, str] | None) -> None:
        if given is not None:
            self._begin(partial(self._create, given["name"].strip(), public=given["public"] == "yes"))

    def _switching(self, name: str, yes: bool | None) -> None:
        if yes:
            self._begin(partial(self._switch_on, name))

    def _begin(self, work: Any) -> None:
        begin(self, partial(self._plainly, work), "work")

    async def _plainly(self, work: Any) -> None:
        """Do it and say what went wrong."""
        doing: Coroutine[Any, Any, None] = work()
        self._say(_("Asking the registry's API…"))
        try:
            await doing
        except _Trouble as error:
            self._say(told(error), "error")

    async def _look(self) -> None:
        await warm_up()
        self._access = access = await self._session.resolver.access_of(self._endpoint)
        self._powers = powers = self._preparer.powers(access)
        self._found = {}
        if powers.look:
            async with aclosing(self._preparer.namespaces(access)) as pages:
                async for page in pages:
                    self._found |= {each.name: each for each in page}
        rows = [
            (clean(each.name), _(_SEEN[each.public]), _(_CREATES[each.creates]), each.name)
            for each in self._found.values()
        ]
        self.query_one(LineTable).set_source(ListSource(rows, key_column=3))
        self.refresh_bindings()
        if powers.why_not:
            self._say(f"{said(powers.why_not)}; {said(powers.hint)}")
        elif not rows:
            self._say(_("There is none yet: n creates one."))
        else:
            self._say("")

    async def _create(self, name: str, *, public: bool) -> None:
        assert self._access is not None
        await self._preparer.create_namespace(self._access, name, public=public)
        await self._look()
        self.query_one(LineTable).go_to(name)
        self._say(_("{name} is there").format(name=name), "success")

    async def _switch_on(self, name: str) -> None:
        assert self._access is not None
        await self._preparer.switch_on_auto_create(self._access, name)
        await self._look()
        self.query_one(LineTable).go_to(name)
        self._say(_("a push creates repositories in {name} now").format(name=name), "success")

    async def _open(self, name: str) -> None:
        assert self._access is not None
        paths: list[str] = []
        async with aclosing(self._preparer.repositories(self._access, name)) as pages:
            async for page in pages:
                paths += page
        lines = [clean(path) for path in paths[:_MOST_SHOWN]]
        if len(paths) > _MOST_SHOWN:
            lines.append(_("and {count} more").format(count=len(paths) - _MOST_SHOWN))
        self._say("")
        title = _("Repositories in {name}: {count}").format(name=name, count=len(paths))
        self.app.push_screen(TextDialog(clean(title), (), [Section("", lines)]))

    async def _policy(self, name: str) -> None:
        assert self._access is not None
        policy = await self._preparer.policy(self._access, [name], instance=self._endpoint.instance)
        self._say("")
        if policy is not None:
            self.app.push_screen(PolicyDialog(policy))

    def _say(self, text: str, kind: str = "") -> None:
        label = self.query_one("#said", Static)
        label.update(clean(text))
        for each in ("error", "success"):
            label.set_class(kind == each, f"-{each}")


def _judge(values: Values) -> Verdict:
    return Verdict() if values["name"].strip() else Verdict(error=_("Give a name"))
