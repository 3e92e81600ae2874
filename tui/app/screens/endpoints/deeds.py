"""What is done with endpoints beside the screen: testing, moving and removing their passwords."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tui.app.i18n import _, said, told
from tui.app.screens.endpoints import changes
from tui.app.screens.endpoints.details import why_failed
from tui.app.screens.endpoints.testing import Test, run_test
from tui.app.screens.endpoints.words import STORES
from tui.app.screens.place import Place
from tui.app.screens.work import begin
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.endpoints.errors import EndpointsError, SecretStoreError
from tui.endpoints.model import Endpoint, StoreName
from tui.oci.errors import LocalError


class Deeds(Place):
    """What the place 'endpoints' knows of changing endpoints."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Endpoint] = {}
        self._tests: dict[str, Test] = {}

    def action_read_again(self) -> None:
        """Show the list as it is now."""

    def _changed(self, endpoint: Endpoint) -> None:
        """Show an endpoint that was changed."""

    def _step_done(self, key: str) -> None:
        """Show a step of the test of an endpoint."""

    def _moving(self, endpoint: Endpoint, store: StoreName | None) -> None:
        if store is not None and store != endpoint.store:
            new = replace(endpoint, store=store, password_env="")
            begin(self, partial(self._move, endpoint, new), f"move-{endpoint.id}")

    async def _move(self, old: Endpoint, new: Endpoint) -> None:
        self.say(_("moving the password of {name}…").format(name=old.name))
        try:
            changed = await changes.change(self.session, old, new)
        except (EndpointsError, LocalError) as error:
            self.say(told(error), "error")
            return
        self._changed(changed.endpoint)
        where = _(STORES[new.store])
        words = _("the password of {name} is kept in: {store}").format(name=new.name, store=where)
        self.say(changed.warning or words, "warning" if changed.warning else "success")

    def _removing(self, endpoint: Endpoint, yes: bool | None, *, keep_secret: bool = False) -> None:
        if yes:
            begin(self, partial(self._remove, endpoint, keep_secret=keep_secret), f"remove-{endpoint.id}")

    async def _remove(self, endpoint: Endpoint, *, keep_secret: bool) -> None:
        try:
            forgotten = await changes.remove(self.session, endpoint, keep_secret=keep_secret)
        except SecretStoreError as error:
            self.say(told(error), "error")
            question = ConfirmDialog(
                _("Its password cannot be removed. Remove {name} all the same?").format(name=endpoint.name),
                said(error.message),
                yes=_("Remove"),
            )
            self.app.push_screen(question, lambda yes: self._removing(endpoint, yes, keep_secret=True))
            return
        except (EndpointsError, LocalError) as error:
            self.say(told(error), "error")
            return
        self.action_read_again()
        words = _("removed {name} and its password") if forgotten else _("removed {name}")
        self.say(words.format(name=endpoint.name), "success")

    def _push(self, endpoint: Endpoint, given: dict[str, str] | None) -> None:
        if given is not None:
            self._test(endpoint, given["repository"], push=True)

    def _test(self, endpoint: Endpoint, repository: str = "", *, push: bool = False) -> None:
        test = self._tests[endpoint.id] = Test()
        self._step_done(endpoint.id)
        begin(self, partial(self._tested, endpoint, test, repository, push), f"test-{endpoint.id}")

    async def _tested(self, endpoint: Endpoint, test: Test, repository: str, push: bool) -> None:
        try:
            await run_test(
                self.session, endpoint, test, lambda: self._step_done(endpoint.id), repository=repository, push=push
            )
        except (EndpointsError, LocalError) as error:
            self.say(_("the outcome is not kept: {reason}").format(reason=said(error.message)), "warning")
        outcome = test.outcome
        if outcome is None or endpoint.id not in self._known:
            return
        from tui.providers.check_steps import found_out

        found = found_out(endpoint, test.steps)
        self._known[endpoint.id] = replace(self._known[endpoint.id], last_test=outcome, **found)  # type: ignore[arg-type]  # fields that are texts
        if outcome.ok:
            self.say(_("{name} works").format(name=endpoint.name), "success")
        else:
            self.say(f"{endpoint.name}: {why_failed(test)}", "error")
