"""A run that ended because a registry does not take its login any more: ask for the new one, and go on with it."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.i18n import _
from tui.app.journal_watch import Look
from tui.app.run_state import LIVE
from tui.app.screens.endpoints.changes import Changed
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.run.steered import SteeredRun
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.engine.outcome import CREDENTIALS
from tui.oci.errors import LocalError

REFUSED = "login"
"""The state of a registry that does not take a login any more, as the engine writes it."""


class AskingRun(SteeredRun):
    """A steered run that asks for logins. It asks once for each process that ended so: whoever says no and presses
    `r` goes on with the login that is stored by then.
    """

    _asked_after: int | None = None
    _to_ask: Sequence[Endpoint] = ()

    def take(self, look: Look) -> None:
        """Take in what a look saw, and ask when a login ended under one's eyes."""
        before = self.state
        super().take(look)
        if before in LIVE and self.state not in LIVE and self.is_current:
            self._ask_once()

    def action_go_on(self) -> None:
        """Ask for logins that were refused, if nobody did so far; then start a process that does what is left."""
        if not self._ask_once():
            super().action_go_on()

    def _ask_once(self) -> bool:
        """Ask for the logins that were refused, and return whether there are any to ask for."""
        session = self.look.session
        if session is None or self.exit_code != CREDENTIALS or session["id"] == self._asked_after:
            return False
        self._asked_after = session["id"]
        self._to_ask = self._refused()
        return self._ask_next()

    def _refused(self) -> Sequence[Endpoint]:
        """Return the endpoints whose logins were refused, one for each registry."""
        addresses = [host.registry for host in self.look.hosts if host.state == REFUSED]
        try:
            known = self.session.endpoints()
        except (EndpointsError, LocalError) as error:
            self.say_error(error)
            return ()
        named = self.session.named_in(self.folder)
        first = sorted(known, key=lambda endpoint: endpoint.name not in named)
        found = [next((each for each in first if each.address == address), None) for address in addresses]
        return [endpoint for endpoint in found if endpoint is not None and endpoint.store != "none"]

    def _ask_next(self) -> bool:
        if not self._to_ask:
            return False
        endpoint, *self._to_ask = self._to_ask
        text = _("{address} does not take the login any more: give the one that is right now.")
        self.say(text.format(address=endpoint.address), "warning")
        self.app.push_screen(LoginDialog(self.session, endpoint), self._given)
        return True

    def _given(self, changed: Changed | None) -> None:
        if changed is None:
            self.say(_("The run waits for its login; press r to go on."), "warning")
            return
        self.session.hand_over(changed.endpoint)
        if changed.warning:
            self.say(changed.warning, "warning")
        if not self._ask_next():
            super().action_go_on()
