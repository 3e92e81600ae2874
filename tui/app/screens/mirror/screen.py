"""Deleting at the target what is marked, once its number was typed; or saving it for a review elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, ngettext, said, whole
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.mirror.proposals import TROUBLE, Proposals
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import start

if TYPE_CHECKING:
    from tui.engine.mirror.apply import Outcome
    from tui.plan.mirror.review import Review


class MirrorScreen(Proposals):
    """Proposals, and what is done about them. Nothing is deleted before the number of tags is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("X,delete", "delete", N_("Delete what is marked"), key_display="X"),
        Binding("w", "save", N_("Save for review")),
    ]

    def action_delete(self) -> None:
        """Delete what is marked, after its number was typed."""
        if self.busy or self.proposal is None:
            self.say(_("Wait until it is done."), "warning")
            return
        marked = self.marked()
        if not marked:
            self.say(_("Mark what is to be deleted first: space, or a for all."), "warning")
            return
        review = replace(self.proposal.review, deletions=tuple(marked))
        if refusal := review.refusal():
            self.say(said(refusal), "error")
            return

        def judge(values: Values) -> Verdict:
            if values["count"] != str(len(marked)):
                return Verdict(error=_("type {count} to delete them").format(count=len(marked)))
            return Verdict(lines=(_("enter deletes them at the target; that cannot be taken back"),))

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                self.busy = True
                start(self, "mirror", True, self._delete, review)

        title = ngettext("Delete {count} tag at the target", "Delete {count} tags at the target", len(marked))
        names = ", ".join(str(each.target) for each in marked[:3]) + (" …" if len(marked) > 3 else "")
        about = _("{names}. Each is looked at again, and left alone if it changed since.").format(names=names)
        field = Field("count", _("How many"))
        self.app.push_screen(FormDialog(title.format(count=len(marked)), [field], judge, about=about), answered)

    async def _delete(self, review: Review) -> None:
        from tui.engine.mirror.apply import apply
        from tui.engine.mirror.look import MirrorRefused
        from tui.engine.mirror.record import Record

        def tell(outcome: Outcome) -> None:
            self.outcomes[outcome.target] = outcome
            self._show_rows()

        self.say(_("Deleting"))
        try:
            with Record(self.session.state, self.plan.name) as record:
                record.begin(review="app", tags=len(review.deletions))
                outcomes = await apply(review, *self._resolvers(), record, tell)
        except MirrorRefused as error:
            self.say(f"{said(error.message)}; {said(error.hint)}", "error")
            return
        except TROUBLE as error:
            self.say(whole(error), "error")
            return
        finally:
            self.busy = False
        deleted = sum(outcome.fate == "deleted" for outcome in outcomes)
        done = ngettext("{count} tag deleted", "{count} tags deleted", deleted).format(count=deleted)
        left = sum(outcome.fate not in ("deleted", "gone") for outcome in outcomes)
        if left:
            done += ", " + ngettext("{count} left alone", "{count} left alone", left).format(count=left)
        self.table.set_marks(())
        told = _("{done}; on record in {path}").format(done=done, path=record.path)
        self.say(told, "warning" if left else "success")

    def action_save(self) -> None:
        """Write the marked proposals, or all of them, to a file for `regferry mirror apply`."""
        if self.proposal is None or not self.proposal.review.deletions:
            self.say(_("There is nothing to save."), "warning")
            return
        review = replace(self.proposal.review, deletions=tuple(self.marked()) or self.proposal.review.deletions)

        def judge(values: Values) -> Verdict:
            path = Path(values["path"]).expanduser()
            if path.suffix != ".toml" or not path.parent.is_dir():
                return Verdict(error=_("the name has to end in {endings}").format(endings=".toml"))
            lines = [_("'regferry mirror apply' takes it after a review")]
            if path.exists():
                lines.append(_("{path} is there already and will be replaced").format(path=path.name))
            return Verdict(lines=tuple(lines))

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                start(self, "save", False, self._save, review, Path(values["path"]).expanduser())

        suggestion = Path.cwd() / f"{'-'.join(self.plan.name.split()) or 'plan'}.deletions.toml"
        field = Field("path", _("File"), str(suggestion), "plan.deletions.toml")
        self.app.push_screen(FormDialog(_("Save for review"), [field], judge), answered)

    async def _save(self, review: Review, path: Path) -> None:
        from tui.plan.mirror.review import save_review

        try:
            await asyncio.to_thread(save_review, review, path)
        except OSError as error:
            self.say(_("Not saved: {path}: {why}").format(path=path, why=error.strerror or error), "error")
            return
        self.say(_("Saved: {path}").format(path=path), "success")

    def action_notes(self) -> None:
        """Show what is protected and what could not be looked at."""
        if self.proposal is None:
            return
        kept = [(each.target, said(each.why)) for each in self.proposal.review.kept]
        if not kept and not self.proposal.notes:
            self.say(_("Nothing is protected, and everything could be looked at."))
            return
        notes = [(_("Note"), said(note)) for note in self.proposal.notes]
        self.app.push_screen(TextDialog(_("Not proposed"), [*kept, *notes]))

    def action_copy(self) -> None:
        """Copy the tag under the cursor."""
        if (deletion := self.under_cursor) is not None:
            self.app.copy_to_clipboard(str(deletion.target))
            self.say(_("Copied {text}").format(text=deletion.target), "success")

    def action_back(self) -> None:
        """Go back, unless tags are being deleted."""
        if self.busy and self.proposal is not None:
            self.say(_("Wait until it is done."), "warning")
        else:
            self.dismiss()
