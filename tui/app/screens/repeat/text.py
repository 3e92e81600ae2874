"""Texts for other programs, over the screen in front: to read, to copy and to save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.text_dialog import TextDialog
from tui.app.widgets.detail_pane import Section
from tui.plan.text_file import write_text

if TYPE_CHECKING:
    from tui.app.app import RegferryApp


class RepeatText(TextDialog):
    """Shows texts by file name; `y` copies them as they are, `w` saves each to its file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w", "save", N_("Save"))]
    DEFAULT_CSS = """
    RepeatText > Vertical { height: 90%; }
    RepeatText DetailPane { height: 1fr; }
    """

    def __init__(self, title: str, texts: Mapping[str, str]) -> None:
        super().__init__(title, (), [Section(name, text.rstrip("\n").split("\n")) for name, text in texts.items()])
        self._texts = dict(texts)

    def action_copy(self) -> None:
        """Copy the texts."""
        self.app.copy_to_clipboard("\n".join(self._texts.values()))
        self._say(_("Copied {text}").format(text=", ".join(self._texts)), "success")

    def action_save(self) -> None:
        """Ask for the folder and save."""

        def judge(values: Values) -> Verdict:
            folder = Path(values["folder"]).expanduser()
            if not folder.is_dir():
                return Verdict(error=_("there is no folder {path}").format(path=folder))
            there = [name for name in self._texts if (folder / name).exists()]
            said = [_("{path} is there already and will be replaced").format(path=name) for name in there]
            return Verdict(lines=(", ".join(self._texts), *said))

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                self._write(Path(values["folder"]).expanduser())

        field = Field("folder", _("Folder"), str(Path.cwd()), ".")
        self.app.push_screen(FormDialog(_("Save"), [field], judge), answered)

    def _write(self, folder: Path) -> None:
        try:
            for name, text in self._texts.items():
                write_text(folder / name, text)
        except OSError as error:
            self._say(_("Not saved: {path}: {why}").format(path=folder, why=error.strerror or error), "error")
            return
        self._say(_("Saved: {path}").format(path=", ".join(str(folder / name) for name in self._texts)), "success")
        self.dismiss()

    def _say(self, text: str, style: str) -> None:
        cast("RegferryApp", self.app).say(text, style)
