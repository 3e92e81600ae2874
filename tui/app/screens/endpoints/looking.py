"""What is at the address of the endpoint form, looked up while the rest is typed; choices follow what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual.timer import Timer
from textual.widgets import Input

from tui.app.i18n import _, told
from tui.app.screens.endpoints.form_rows import LABELS, FormBox
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.endpoints.probing import look_at, remark_of
from tui.app.screens.endpoints.values import Filled, Login, Trust, suggested_name
from tui.app.screens.place import Place
from tui.app.screens.work import begin
from tui.app.widgets.fitted import clean
from tui.endpoints.addresses import is_loopback, parse_address
from tui.endpoints.errors import EndpointsError, InvalidEndpoint
from tui.endpoints.model import StoreName
from tui.oci.errors import LocalError
from tui.providers.kinds import guess

if TYPE_CHECKING:
    from tui.providers.detect import Detected

PAUSE = 0.4
"""Seconds without a key stroke after which the registry is asked."""
_NO_TEXTS = ("trust", "login", "store", "kind", "password", "token")


class Looking(Place):
    """The part of the form that knows the registry. `before` says whether there is an endpoint already."""

    def __init__(self, first: Filled, *, named: bool) -> None:
        super().__init__()
        self._store: StoreName = first.store
        self._kind = first.kind
        self._named = named
        self._found: Detected | None = None
        self._typing: Timer | None = None
        self._followed: dict[str, str] = {}
        """Choices that were made for the operator, and what they were before."""
        self._taken: set[str] = set()
        """Choices the operator made."""

    @property
    def filled(self) -> Filled:
        """The form as it stands, without the secrets."""
        texts = {key: self.query_one(f"#field-{key}", Input).value.strip() for key in LABELS if key not in _NO_TEXTS}
        trust, login = self._choice("trust"), self._choice("login")
        return Filled(
            **texts, trust=cast(Trust, trust), login=cast(Login, login), store=self._store, kind=self._kind
        )  # fmt: skip

    @property
    def kind(self) -> str:
        """The kind of registry: as picked, else as found, else as the address has it."""
        if self._kind:
            return self._kind
        if self._found is not None and self._found.registry:
            return self._found.kind
        try:
            return guess(parse_address(self.filled.address)[1])
        except InvalidEndpoint:
            return "generic"

    def show_form(self) -> None:
        """Bring lines and remarks in step with what is chosen and known."""

    def probe(self) -> None:
        """Look at the address once nobody types."""
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(PAUSE, lambda: begin(self, self._look, "probe"))

    def taken(self, line: str) -> None:
        """Take note that the operator chose something: it stays whatever is found."""
        if self._followed.get(line) != self._choice(line):
            self._taken.add(line)

    def follows(self, line: str) -> bool:
        """Return whether a choice is what was found, and not what somebody chose."""
        return line in self._followed and line not in self._taken

    def keep_choices(self) -> None:
        """Leave the choices as they are, whatever is found."""
        self._taken |= {"trust", "login"}

    async def _look(self) -> None:
        self._found = None
        self.show_form()
        filled = self.filled
        box = self.query_one(FormBox)
        if not filled.address:
            box.remark("address", "")
            return
        self._suggest_name(filled)
        box.remark("address", _("looking what is there…"))
        try:
            looking = replace(filled, trust="verified") if self.follows("trust") else filled
            found = await look_at(looking, self.session.environ)
        except (InvalidEndpoint, LocalError) as error:
            box.remark("address", clean(told(error)), "bad")
            return
        self._found = found
        box.remark("address", *remark_of(found))
        self._follow(found)
        self.show_form()

    def _follow(self, found: Detected) -> None:
        """Let the choices say what was found, where nobody chose: plain http of this machine, and no login wanted."""
        if not found.registry:
            return
        here = is_loopback(found.address)
        if here and found.scheme == "http":
            self._choose("trust", "verified", "http")
        elif "trust" in self._followed and found.scheme == "https":
            self._choose("trust", "http", "verified")
        if found.auth == "none" and not self.filled.username:
            self._choose("login", "password", "anonymous")
        elif "login" in self._followed and found.auth != "none":
            self._choose("login", "anonymous", "password")

    def _choose(self, line: str, before: str, value: str) -> None:
        choice = self.query_one(f"#field-{line}", ChoiceLine)
        if line not in self._taken and choice.value == before:
            self._followed[line] = value
            choice.choose(value)

    def _choice(self, key: str) -> str:
        return self.query_one(f"#field-{key}", ChoiceLine).value

    def _suggest_name(self, filled: Filled) -> None:
        if self._named:
            return
        try:
            _scheme, host = parse_address(filled.address)
            taken = {each.name for each in self.session.endpoints()}
        except (EndpointsError, LocalError):
            return
        self.query_one("#field-name", Input).value = suggested_name(host, taken)
