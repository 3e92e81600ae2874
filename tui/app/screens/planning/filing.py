"""Plans and files: saving, opening, taking over other tools' files, and writing them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from tui.app.draft import endpoint_at, target_registry
from tui.app.i18n import _, ngettext, said
from tui.app.screens.again import show_deletions, show_repeating
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.planning.checking import Checking
from tui.app.screens.planning.drafting import Trouble, plain
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import start
from tui.app.widgets.detail_pane import Section
from tui.oci.reference import split_registry
from tui.plan.export import TOOLS, Tool
from tui.plan.imported import Hazard, Imported
from tui.plan.model import Plan

IMAGE_SYNCER = "image-syncer"


class Filing(Checking):
    """What the place knows of files."""

    def action_save(self) -> None:
        """Save the plan as a plan file."""
        plan = self._plan_to_write()
        if plan is None:
            return
        suggestion = str(self.draft.path or Path.cwd() / f"{'-'.join(plan.name.split()) or 'plan'}.toml")

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                start(self, "file", False, self._save, plan, _path(values["path"]))

        field = Field("path", _("File"), suggestion, "plan.toml")
        self.app.push_screen(FormDialog(_("Save as a plan file"), [field], _judge_new("path", (".toml",))), answered)

    async def _save(self, plan: Plan, path: Path) -> None:
        from tui.plan.toml_file import save_plan

        try:
            await asyncio.to_thread(save_plan, plan, path)
        except OSError as error:
            self.say(_("Not saved: {path}: {why}").format(path=path, why=error.strerror or error), "error")
            return
        self.say(_("Saved: {path}; 'regferry run' takes it, too").format(path=path), "success")

    def action_load(self) -> None:
        """Open a plan file, or take over a file of image-syncer, skopeo sync, regsync or dregsy."""

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                start(self, "file", False, self._open, _path(values["path"]), values["target"])

        target = f"{self.draft.target.address}/" if self.draft.target else ""
        fields = [
            Field("path", _("File"), "", "plan.toml, images.yaml"),
            Field("target", _("Default target"), target, _("for rules that name none")),
        ]
        about = _("A plan file, or one of image-syncer, skopeo sync, regsync or dregsy: recognised by what is in it.")
        self.app.push_screen(FormDialog(_("Open a file"), fields, _judge_old, about=about), answered)

    async def _open(self, path: Path, default: str) -> None:
        from tui.plan.detect import detect_and_load

        registry, namespace = split_registry(default) if default.strip("/") else ("", "")

        def load() -> Imported:
            return detect_and_load(
                path, registry=registry, namespace=namespace.strip("/"), environ=self.session.environ
            )

        try:
            imported = await asyncio.to_thread(load)
        except Trouble as error:
            self.say(plain(error), "error")
            return
        plan = imported.plan
        self.drop_forecast()
        self.draft.open(plan, path)
        self.draft.target = endpoint_at(self.endpoints(), [target_registry(rule) for rule in plan.rules])
        self.show_draft()
        count = ngettext("{count} rule", "{count} rules", len(plan.rules)).format(count=len(plan.rules))
        self.say(_("Opened {path}: {count}").format(path=path.name, count=count), "success")
        logins = sorted({entry.match for entry in imported.auth.entries})
        if imported.hazards or logins:
            self._show_hazards(_("Look at this before you run it"), imported.hazards, logins)

    def action_close_file(self) -> None:
        """Go back from an opened file to what is selected."""
        if self.draft.opened is None:
            self.say(_("No file is open."), "warning")
            return
        self.drop_forecast()
        self.draft.close_file()
        self.choose_default_target()
        self.show_draft()

    def choose_default_target(self) -> None:
        """Choose a target where there is no doubt about it."""

    def action_export(self) -> None:
        """Write the plan as files of another tool."""
        plan = self._plan_to_write()
        if plan is None:
            return

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                start(self, "file", False, self._export, plan, values)

        fields = [
            Field("tool", _("For"), IMAGE_SYNCER, choices=tuple((name, name) for name in (IMAGE_SYNCER, *TOOLS))),
            Field("images", _("File"), str(Path.cwd() / "images.yaml"), "images.yaml"),
            Field("auth", _("Logins"), str(Path.cwd() / "auth.yaml"), _("for image-syncer only")),
        ]
        about = _("No password is written: the logins refer to variables of the environment.")
        self.app.push_screen(FormDialog(_("Export for another tool"), fields, _judge_export, about=about), answered)

    async def _export(self, plan: Plan, values: Values) -> None:
        from tui.plan.text_file import write_text

        texts, hazards = _exported(plan, values)

        def write() -> None:
            for path, text in texts.items():
                write_text(path, text)

        try:
            await asyncio.to_thread(write)
        except OSError as error:
            path = _path(values["images"])
            self.say(_("Not written: {path}: {why}").format(path=path, why=error.strerror or error), "error")
            return
        if texts:
            self.say(_("Written: {paths}").format(paths=", ".join(map(str, texts))), "success")
        else:
            self.say(_("Nothing of the plan can be said in a file of {tool}.").format(tool=values["tool"]), "warning")
        if hazards:
            self._show_hazards(_("What the files do not say"), hazards, ())

    def action_again(self) -> None:
        """Show how the plan is repeated: a command line, a timer, a CronJob."""
        if (plan := self._plan_to_write()) is not None:
            show_repeating(self, plan, self.draft.path)

    def action_deletions(self) -> None:
        """Show what left the source and is still at the target."""
        if (plan := self._plan_to_write()) is not None:
            show_deletions(self, plan, self.endpoints())

    def _plan_to_write(self) -> Plan | None:
        if wrong := self._not_ready():
            self.say(wrong, "warning")
            return None
        return self.draft.plan(self.basket)

    def _show_hazards(self, title: str, hazards: Sequence[Hazard], logins: Sequence[str]) -> None:
        sections = [
            Section(f"{hazard.origin}: {said(hazard.message)}".lstrip(": "), [said(hazard.hint)]) for hazard in hazards
        ]
        if logins:
            words = _("The logins in the file are not taken over: add endpoints for these (2).")
            sections.append(Section(words, list(logins)))
        self.app.push_screen(TextDialog(title, (), sections))


def _exported(plan: Plan, values: Values) -> tuple[dict[Path, str], Sequence[Hazard]]:
    """Return the files a form asks for, and what they do not say."""
    from tui.plan.export import export_for
    from tui.plan.exported import numbered
    from tui.plan.image_syncer.export import export

    path, tool = _path(values["images"]), values["tool"]
    if tool == IMAGE_SYNCER:
        both = export(plan, "json" if path.suffix.lower() == ".json" else "yaml")
        return {path: both.images, _path(values["auth"]): both.auth}, both.hazards
    found = export_for(plan, cast("Tool", tool))
    return {numbered(path, number): file.text for number, file in enumerate(found.files)}, found.hazards


def _judge_export(values: Values) -> Verdict:
    if values["tool"] != IMAGE_SYNCER:
        return _judge_new("images", (".yaml", ".yml"))({"images": values["images"]})
    return _judge_new("images", (".yaml", ".yml", ".json"))({key: values[key] for key in ("images", "auth")})


def _path(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def _judge_old(values: Values) -> Verdict:
    if not values["path"]:
        return Verdict(error=_("type the name of a file"))
    return Verdict() if _path(values["path"]).is_file() else Verdict(error=_("there is no such file"))


def _judge_new(key: str, suffixes: tuple[str, ...]) -> Callable[[Values], Verdict]:
    """Return what judges the name of a file to write; `key` is the field whose ending counts."""

    def judge(values: Values) -> Verdict:
        if _path(values[key]).suffix.lower() not in suffixes:
            return Verdict(error=_("the name has to end in {endings}").format(endings=", ".join(suffixes)))
        lines = []
        for path in map(_path, values.values()):
            if not path.parent.is_dir():
                return Verdict(error=_("there is no folder {path}").format(path=path.parent))
            if path.exists():
                lines.append(_("{path} is there already and will be replaced").format(path=path.name))
        return Verdict(lines=tuple(lines))

    return judge
