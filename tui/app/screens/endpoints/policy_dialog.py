"""A policy document to paste into the cloud's console: shown, copied, saved to a file."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, whole
from tui.app.screens.form_dialog import Field, FormDialog
from tui.app.screens.text_dialog import TextDialog
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.fitted import clean
from tui.app.working import begin
from tui.oci.errors import LocalError
from tui.plan.errors import PlanFileError
from tui.plan.text_file import write_text


class PolicyDialog(TextDialog):
    """`y` copies the document itself, `s` saves it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "save", N_("Save to a file"))]

    DEFAULT_CSS = """
    PolicyDialog > Vertical { height: 90%; }
    PolicyDialog DetailPane { height: 1fr; }
    """

    def __init__(self, namespace: str, document: str) -> None:
        about = _("Paste it in the RAM console (Policies, Create Policy, JSON) and grant it to the RAM user.")
        title = _("The least a RAM user needs for {name}").format(name=namespace)
        super().__init__(title, (), [Section(about, document.splitlines())])
        self._document = document
        self._file = f"ram-policy-{namespace}.json"

    def action_copy(self) -> None:
        """Copy the document."""
        self.app.copy_to_clipboard(self._document)
        self._tell(_("copied {text}").format(text=self._file))

    def action_save(self) -> None:
        """Ask where to, and write it."""
        fields = [Field("path", _("File"), str(Path.cwd() / self._file))]
        self.app.push_screen(FormDialog(_("Save the policy"), fields), self._saving)

    def _saving(self, given: dict[str, str] | None) -> None:
        if given is not None and given["path"].strip():
            begin(self, partial(self._save, Path(given["path"].strip()).expanduser()), "save")

    async def _save(self, path: Path) -> None:
        try:
            await asyncio.to_thread(write_text, path, self._document + "\n")
        except (LocalError, PlanFileError, OSError) as error:
            self._tell(whole(error))
            return
        self._tell(_("saved to {path}").format(path=path))

    def _tell(self, text: str) -> None:
        title, _fields, sections = self._about
        self.query_one(DetailPane).show(title, [(_("Policy"), clean(text))], sections)
