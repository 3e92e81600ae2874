"""A policy document to paste into the cloud's console: shown, copied, saved to a file."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, said, whole
from tui.app.screens.form_dialog import Field, FormDialog
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import begin
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.fitted import clean
from tui.oci.errors import LocalError
from tui.plan.errors import PlanFileError
from tui.plan.text_file import write_text
from tui.providers.preparing import Policy


class PolicyDialog(TextDialog):
    """`y` copies the document itself, `s` saves it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "save", N_("Save to a file"))]

    DEFAULT_CSS = """
    PolicyDialog > Vertical { height: 90%; }
    PolicyDialog DetailPane { height: 1fr; }
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__(said(policy.title), (), [Section(said(policy.paste), policy.document.splitlines())])
        self._policy = policy
        if policy.unconfirmed:
            self._note((_("Careful"), said(policy.unconfirmed)))

    def action_copy(self) -> None:
        """Copy the document."""
        self.app.copy_to_clipboard(self._policy.document)
        self._tell(_("copied {text}").format(text=self._policy.file))

    def action_save(self) -> None:
        """Ask where to, and write it."""
        fields = [Field("path", _("File"), str(Path.cwd() / self._policy.file))]
        self.app.push_screen(FormDialog(_("Save the policy"), fields), self._saving)

    def _saving(self, given: dict[str, str] | None) -> None:
        if given is not None and given["path"].strip():
            begin(self, partial(self._save, Path(given["path"].strip()).expanduser()), "save")

    async def _save(self, path: Path) -> None:
        try:
            await asyncio.to_thread(write_text, path, self._policy.document + "\n")
        except (LocalError, PlanFileError, OSError) as error:
            self._tell(whole(error))
            return
        self._tell(_("saved to {path}").format(path=path))

    def _note(self, field: tuple[str, str]) -> None:
        title, fields, sections = self._about
        others = tuple(each for each in fields if each[0] != field[0])
        self._about = (title, (field, *others), sections)

    def _tell(self, text: str) -> None:
        self._note((_("Policy"), clean(text)))
        self.query_one(DetailPane).show(*self._about)
