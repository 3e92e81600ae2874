"""The last step: what will happen in short, the files and commands that repeat it, and the start."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.guide.keepsakes import AUTH, IMAGES, PLAN, Keepsakes, keepsakes
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.tables import plain_actions
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import begin
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.figures import bytes_text, duration_text


class RunStep(Step):
    """Shows the whole migration on one page."""

    TITLE = N_("run")
    SENTENCE = N_("Enter starts the run. It goes on by itself when this terminal is closed; 5 lists all runs.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "save", N_("Save the files")),
        Binding("v", "files", N_("The files in full")),
        Binding("y", "copy", N_("Copy the command")),
    ]

    def content(self) -> ComposeResult:
        """Yield the page."""
        yield DetailPane(id="summary")

    def on_mount(self) -> None:
        """Show what will happen."""
        journey, draft = self.journey, self.session.draft
        source, target = journey.source, journey.target
        assert source is not None
        assert target is not None
        self._kept = keepsakes(draft.plan(self.session.basket))
        self._folder: Path | None = None
        pane = self.query_one(DetailPane)
        pane.focus()
        forecast, options, how = journey.forecast, draft.options, draft.replication
        engine = _("Harbor {harbor}, its replication").format(harbor=how.harbor) if how else _("this machine")
        self._fields = [
            (_("From"), f"{source.name} ({source.address})"),
            (_("To"), f"{target.name} ({target.address})"),
            (_("Names"), draft.names),
            (_("Tasks"), plain_actions(forecast.counts)),
            (_("To move"), bytes_text(forecast.to_move)),
            (_("Moved by"), engine),
        ]
        if how is None:
            saved = _("{bytes} are shared or there already").format(bytes=bytes_text(forecast.saved))
            self._fields += [
                (_("Not moved"), saved),
                (_("Roughly"), duration_text(draft.seconds(forecast.to_move, forecast.to_do))),
            ]
        at_once = _("{count} at a time").format(count=options.concurrency)
        self._fields.append((_("Rounds of retry"), f"{options.retries}, {at_once}"))
        self._show()

    def action_files(self) -> None:
        """Show plan and image-syncer's files in full; y copies them there."""
        sections = [
            Section(PLAN, self._kept.plan.splitlines()),
            Section(f"{IMAGES} (image-syncer)", self._kept.images.splitlines()),
            Section(f"{AUTH} (image-syncer)", self._kept.auth.splitlines()),
        ]
        if self._kept.left_out:
            sections.insert(1, Section(_("image-syncer's files cannot say all of it"), self._kept.left_out))
        self.app.push_screen(TextDialog(_("The files that repeat it"), (), sections))

    def action_copy(self) -> None:
        """Copy the command that repeats it."""
        command = self._kept.commands(self._folder or Path())[0]
        self.app.copy_to_clipboard(command)
        self.post_message(self.Said(_("Copied {text}").format(text=command), "success"))

    def action_save(self) -> None:
        """Save plan, image-syncer's files and a script into a folder."""
        name = "-".join(self.session.draft.plan(self.session.basket).name.split()) or "migration"
        about = _("{plan}, image-syncer's {images} and {auth}, and a script. No password is in them.").format(
            plan=PLAN, images=IMAGES, auth=AUTH
        )
        field = Field("folder", _("Folder"), str(Path.cwd() / name))
        self.app.push_screen(FormDialog(_("Save the files"), [field], _judge, about=about), self._named)

    def _named(self, values: dict[str, str] | None) -> None:
        if values is not None:
            begin(self, partial(self._save, _path(values["folder"])), "save")

    async def _save(self, folder: Path) -> None:
        kept: Keepsakes = self._kept
        try:
            await asyncio.to_thread(kept.save, folder)
        except OSError as error:
            why = error.strerror or str(error)
            self.post_message(self.Said(_("Not saved: {path}: {why}").format(path=folder, why=why), "error"))
            return
        self._folder = folder
        self._show()
        self.post_message(self.Said(_("Saved in {folder}").format(folder=folder), "success"))

    def _show(self) -> None:
        lines = self._kept.commands(self._folder or Path())
        if self._folder is None:
            lines.append(_("w saves the files first, v shows them, y copies the command"))
        sections = [Section(_("The same again, without the app"), lines)]
        self.query_one(DetailPane).show(_("Ready to run"), self._fields, sections)


def _path(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def _judge(values: Values) -> Verdict:
    if not values["folder"]:
        return Verdict(error=_("type the name of a folder"))
    folder = _path(values["folder"])
    if folder.exists() and not folder.is_dir():
        return Verdict(error=_("{path} is no folder").format(path=folder))
    there = [name for name in (PLAN, IMAGES, AUTH) if (folder / name).exists()]
    lines = [_("{path} is there already and will be replaced").format(path=name) for name in there]
    return Verdict(lines=tuple(lines))
