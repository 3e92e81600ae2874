"""Asking where to write the report of a run; the ending of the file name says in which form, a folder gets all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.app.i18n import N_, _

if TYPE_CHECKING:
    from tui.engine.runs import RunFolder

ENDINGS = (".html", ".md", ".json", ".csv")


class ReportDialog(ModalScreen[Path | None]):
    """Answers the path to write to, None for no report. A file that exists is named, and taken at the second enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", N_("No report"), show=False)]
    DEFAULT_CSS = """
    ReportDialog { align: center middle; }
    ReportDialog > Vertical {
        width: 72;
        max-width: 100%;
        height: auto;
        background: $surface;
        border: round $border;
        border-title-color: $text-accent;
        padding: 0 1;
    }
    ReportDialog Static { width: 1fr; height: auto; color: $text-muted; }
    ReportDialog #wrong { color: $text-error; }
    """

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run
        self._agreed: Path | None = None

    def compose(self) -> ComposeResult:
        """Yield the question and the line to type in."""
        with Vertical() as frame:
            frame.border_title = _("Write the report to a file")
            yield Input(str(Path.cwd() / f"{self._run}.html"), select_on_focus=False)
            yield Static(_("The ending says in which form: .html, .md, .csv or .json; a folder gets all four."))
            yield Static(_("Enter writes, esc leaves."))
            yield Static("", id="wrong", markup=False)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if path.is_dir() and event.value.strip():
            self.dismiss(path)
        elif path.suffix.lower() not in ENDINGS:
            self._object(_("The name has to end in .html, .md, .csv or .json, or be a folder."))
        elif not path.parent.is_dir():
            self._object(_("There is no folder {path}.").format(path=path.parent))
        elif path.exists() and path != self._agreed:
            self._agreed = path
            self._object(_("This file exists. Enter once more writes over it."))
        else:
            self.dismiss(path)

    def _object(self, text: str) -> None:
        self.query_one("#wrong", Static).update(text)


def save_report(folder: RunFolder, path: Path) -> list[Path]:
    """Write the report of a run to a file, or all its forms into a folder; return what was written. For a thread.

    Raises JournalError, LocalError.
    """
    from tui.engine.audit.data import report_data
    from tui.engine.audit.forms import write_report

    return write_report(report_data(folder), path)


def saved_words(paths: list[Path]) -> str:
    """Return where a report was written to."""
    return _("Wrote the report to {path}.").format(path=", ".join(map(str, paths)))
