"""Repositories named by a person, where the registry has no list of them; remembered with the endpoint."""

from __future__ import annotations

import asyncio

from tui.app.i18n import _, ngettext
from tui.app.screens.browse.loader import plain
from tui.app.screens.browse.reading import Reading
from tui.app.screens.browse.shelf import Shelf
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.work import start
from tui.endpoints.errors import EndpointsError
from tui.oci.errors import LocalError
from tui.oci.reference import is_repository


class NameKeeper(Reading):
    """What Browse knows of names that no list has."""

    def names_wanted(self) -> None:
        """Ask for names at once, when one is looking at the registry that has no list."""
        if self.is_current:
            self.action_add_names()

    def action_add_names(self) -> None:
        """Ask for names of repositories."""
        shelf = self.shelf
        if shelf is None:
            self.say(_("Open an endpoint first."), "warning")
            return

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                names = _names(shelf, values)
                self._repositories_found(shelf.add(names))
                start(self, "names", False, self._remember, shelf, names)

        field = Field("names", _("Repositories"), "", _("team/app team/worker"))
        about = _("Names are separated by spaces, without the address. They are remembered with the endpoint.")
        title = _("Repositories of {endpoint}").format(endpoint=shelf.endpoint.name)
        self.app.push_screen(FormDialog(title, [field], lambda values: _judge(shelf, values), about=about), answered)

    async def _remember(self, shelf: Shelf, names: list[str]) -> None:
        """Write the names into the endpoint list; the browser that is open goes on with it."""
        before = shelf.endpoint
        known = tuple(dict.fromkeys((*before.repositories, *names)))
        if before.name not in {each.name for each in self.session.file.load()}:
            return
        try:
            after = await asyncio.to_thread(self.session.file.update, before.name, repositories=known)
        except (EndpointsError, LocalError) as error:
            self.say(plain(error), "error")
            return
        await self.session.forget(before)
        shelf.endpoint = after
        if shelf.holds(self.basket):
            self.basket.source = after
        count = ngettext("{count} name is remembered", "{count} names are remembered", len(names))
        self.say(count.format(count=len(names)), "success")


def _names(shelf: Shelf, values: Values) -> list[str]:
    typed = values["names"].replace(",", " ").split()
    return list(dict.fromkeys(name.removeprefix(f"{shelf.endpoint.address}/").strip("/") for name in typed))


def _judge(shelf: Shelf, values: Values) -> Verdict:
    names = _names(shelf, values)
    wrong = [name for name in names if not is_repository(name)]
    if wrong:
        return Verdict(error=_("{name} is not a repository path: lower case, parts joined by /").format(name=wrong[0]))
    return Verdict(lines=(_("type at least one name"),)) if not names else Verdict(lines=tuple(names[:6]))
