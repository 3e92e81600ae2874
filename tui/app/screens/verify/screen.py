"""Verifying one run: start it, watch it, stop it, and read what was found."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.app.announce import announce
from tui.app.i18n import N_, _, ngettext, whole
from tui.app.journal_watch import WATCH_ERRORS
from tui.app.screens.place import Place
from tui.app.screens.report_dialog import ReportDialog, save_report, saved_words
from tui.app.screens.verify.findings import FindingTable, finding_details
from tui.app.screens.verify.head import STATES, Looked, Result, state_of
from tui.app.steering import STEERING_ERRORS
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.engine.runs import RunFolder
from tui.engine.verify import record

LOOK_EVERY = 0.25
LOOK_AWAY_EVERY = 1.0
"""Seconds between looks while nothing is under way, or the screen is not in front."""
ROOM_FOR_TWO = 20
_LIVE = ("starting", "running")
_PRINTED = 600


class VerifyScreen(Place):
    """Shows how the verification of a run stands, whoever began it. Leaving it stops nothing."""

    MODE: ClassVar[str] = "runs"
    PASSING: ClassVar[bool] = True
    BINDING_GROUP_TITLE = N_("Verify")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify(False)", N_("Verify")),
        Binding("V", "verify(True)", N_("Verify, reading all")),
        Binding("e", "extra", N_("Extra tags")),
        Binding("X", "stop", N_("Stop")),
        Binding("w", "report", N_("Report")),
        Binding("d", "details", N_("Details")),
        Binding("y", "copy", N_("Copy"), show=False),
        Binding("tab", "app.focus_next", N_("Next pane"), show=False),
        Binding("escape,backspace", "back", N_("Back"), show=False),
    ]
    DEFAULT_CSS = """
    VerifyScreen #body { height: 1fr; }
    VerifyScreen #findings, VerifyScreen #empty, VerifyScreen #details { width: 1fr; height: 1fr; }
    VerifyScreen #details, VerifyScreen #empty { display: none; }
    VerifyScreen.-details #details { display: block; }
    VerifyScreen.-details.-low #findings { display: none; }
    VerifyScreen.-empty #empty { display: block; }
    VerifyScreen.-empty #findings, VerifyScreen.-empty #details { display: none; }
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder
        self.document: dict[str, Any] | None = None
        self.state = ""
        self.extra = False
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_again = asyncio.Event()

    def content(self) -> ComposeResult:
        """Yield the result, the differences, and the details of one."""
        yield Result()
        yield Looked()
        with Container(id="body"):
            yield TablePane(FindingTable(), _("Differences"), id="findings")
            yield EmptyState("", id="empty")
            yield DetailPane(id="details")

    def on_mount(self) -> None:
        """Begin to look."""
        self.crumbs(self.folder.name, _("verify"))
        self.table.focus()
        self.run_worker(self._keep_looking(), group="look", exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """Show one pane at a time where there is no room for two."""
        self.set_class(event.size.height < ROOM_FOR_TWO, "-low")

    @property
    def table(self) -> FindingTable:
        """The differences."""
        return self.query_one(FindingTable)

    @property
    def live(self) -> bool:
        """Whether a process verifies the run."""
        return self.state in _LIVE

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense now."""
        if action in ("verify", "extra"):
            return not self.live
        if action == "stop":
            return self.live
        if action == "details":
            return bool(self.table.found) if self.is_mounted else False
        return True

    async def _keep_looking(self) -> None:
        while True:
            try:
                found = await asyncio.to_thread(record.standing, self.folder)
                printed = await asyncio.to_thread(self._printed)
            except WATCH_ERRORS as error:
                self.say(whole(error), "error")
            else:
                self._take(found, printed)
            self._asked_again.clear()
            try:
                in_front = self.is_active and self.live
                await asyncio.wait_for(self._asked_again.wait(), LOOK_EVERY if in_front else LOOK_AWAY_EVERY)
            except TimeoutError:
                continue  # nobody asked; time to look

    def _printed(self) -> str:
        """Return what the process that was started here said, when it ended without a word beside the run."""
        if self._process is None or self._process.poll() is None:
            return ""
        self._process = None
        try:
            return self.folder.verify_output.read_text(encoding="utf-8", errors="replace").strip()[:_PRINTED]
        except FileNotFoundError:
            return ""

    def _take(self, document: dict[str, Any] | None, printed: str) -> None:
        before = self.state
        self.state = state_of(document, starting=self._process is not None)
        self.document = document
        if printed and self.state not in _LIVE:
            self.say(printed, "error" if self.state in ("none", "interrupted") else "warning")
        self.query_one(Result).show(self.state, document)
        self.query_one(Looked).show(None if self.state == "starting" else document)
        findings = document["findings"] if document is not None and self.state != "starting" else []
        self.table.show(findings)
        self._show_empty(bool(findings))
        if before != self.state:
            self.refresh_bindings()
            if before in _LIVE and self.state not in _LIVE:
                self._tell_end()
        self._point_details()

    def _show_empty(self, findings: bool) -> None:
        empty = not findings
        if self.has_class("-empty") and not empty:
            self.call_after_refresh(self.table.focus)
        self.set_class(empty, "-empty")
        if empty:
            self.query_one("#empty", EmptyState).show(*self._empty_words())

    def _empty_words(self) -> tuple[str, str, list[tuple[str, str]]]:
        back = ("esc", _("back to the run"))
        again = [
            ("v", _("ask the target for every tag, manifest and blob")),
            ("V", _("read and hash all of it as well")),
            ("e", self._extra_words()),
        ]
        if self.live:
            sentence = _("It is a process of its own and goes on when you leave.")
            return _("No difference so far"), sentence, [("X", _("stop it")), back]
        if self.state == "same":
            sentence = _("The target has every tag, manifest and blob that was planned.")
            return _("Everything as planned"), sentence, [("w", _("write the report")), *again, back]
        if self.state == "none":
            sentence = _("Compare what is at the target with what was planned.")
            return _("Not verified yet"), sentence, [*again, back]
        return _(STATES[self.state].word), _("What was looked at until then was as planned."), [*again, back]

    def _extra_words(self) -> str:
        on_off = _("on") if self.extra else _("off")
        return _("look for tags the plan does not know: {state}").format(state=on_off)

    def _tell_end(self) -> None:
        count = len(self.document["findings"]) if self.document else 0
        told = ngettext("{count} difference", "{count} differences", count).format(count=f"{count:,}")
        text = f"{_(STATES[self.state].word)}{f' ({told})' if count else ''}: {self.folder.name}"
        self.say(text, STATES[self.state].style if self.state != "none" else "error")
        announce(self.app, text)

    @on(LineTable.RowHighlighted)
    def _point_details(self) -> None:
        finding = self.table.finding
        fields, sections = finding_details(finding) if finding else ([], list[Section]())
        self.query_one("#details", DetailPane).show(_("Details"), fields, sections)

    @on(LineTable.RowOpened)
    def action_details(self) -> None:
        """Show the details of the difference under the cursor, or hide them."""
        self.toggle_class("-details")
        if self.has_class("-details") and self.has_class("-low"):
            self.query_one("#details").focus()
        elif not self.has_class("-details"):
            self.table.focus()

    def action_verify(self, deep: bool) -> None:
        """Begin to verify."""
        self.run_worker(self._begin(deep), group="orders", exclusive=True)

    async def _begin(self, deep: bool) -> None:
        if self.live:
            return
        try:
            self._process = await self.session.start_verification(self.folder, deep=deep, extra=self.extra)
        except STEERING_ERRORS as error:
            self.say(whole(error), "error")
            return
        self.say(_("Verifying begins; it goes on when you leave."))
        self._asked_again.set()

    def action_extra(self) -> None:
        """Look for tags that the plan does not know, or not, the next time."""
        self.extra = not self.extra
        self.say(self._extra_words())
        self._asked_again.set()

    def action_stop(self) -> None:
        """Stop verifying; what ended before is kept."""
        self.run_worker(self._stop(), group="orders")

    async def _stop(self) -> None:
        await asyncio.to_thread(record.stop, self.folder)
        self._asked_again.set()

    def action_report(self) -> None:
        """Write the report of the run to a file."""

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.run_worker(self._save(path), group="orders")

        self.app.push_screen(ReportDialog(self.folder.name), chosen)

    async def _save(self, path: Path) -> None:
        try:
            written = await asyncio.to_thread(save_report, self.folder, path)
        except (*STEERING_ERRORS, *WATCH_ERRORS) as error:
            self.say(whole(error), "error")
        else:
            self.say(saved_words(written), "success")

    def action_copy(self) -> None:
        """Copy where the difference under the cursor is, or the details in focus."""
        details = self.query_one("#details", DetailPane)
        text = details.plain if self.focused is details else str((self.table.finding or {}).get("place", ""))
        if text:
            self.app.copy_to_clipboard(text)
            self.say(_("Copied {what}.").format(what=text.partition("\n")[0]), "success")

    def action_back(self) -> None:
        """Take back one step: the details; then go to where one came from."""
        if self.has_class("-details"):
            self.action_details()
        else:
            self.dismiss()
