"""What there is to know about one task, read from the journal: its content layer by layer, and its story."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tui.app.i18n import N_, _, said
from tui.app.screens.run.reasons import hint_text
from tui.app.widgets import figures
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.states import PHASES, task_state
from tui.engine.journal.drift import WORDS, Drift
from tui.engine.journal.lines import FailureGroup, TaskLine
from tui.engine.journal.reader import DRIFT, JournalReader
from tui.oci.manifest import parse_manifest

PLACED = {
    "need": N_("to be copied"),
    "present": N_("was there"),
    "mounted": N_("mounted"),
    "uploaded": N_("copied"),
}
MOST_TASKS = 200
MOST_PARTS = 100
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Details:
    """What a `DetailPane` shows."""

    title: str
    fields: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()


def task_details(reader: JournalReader, number: int) -> Details:
    """Return the details of a task; for a thread."""
    row = reader.task(number)
    if row is None:
        return Details("")
    (line,) = reader.lines(number - 1, 1)
    fields = [
        (_("Source"), line.source),
        (_("Target"), line.target),
        (_("State"), f"{_(task_state(line.state).word)}, {_phase(line.phase)}"),
        (_("Tries"), str(line.attempts) if line.attempts else ""),
        (_("Message"), said(reader.said(line.message))),
        (_("What to do"), hint_text(reader.said(row["hint"]))),
        (_("Size"), figures.bytes_text(line.bytes_total) if line.bytes_total else ""),
        (_("Took"), _took(row)),
        (_("Digest"), row["root"] or row["pinned"]),
        (_("Replaces"), row["replaces"]),
    ]
    sections = [*_content(reader, row), *_story(reader, number)]
    return Details(
        line.source.rpartition("/")[2], tuple((name, value) for name, value in fields if value), tuple(sections)
    )


def group_details(reader: JournalReader, group: FailureGroup, reason: str) -> Details:
    """Return what failed in a group; for a thread."""
    key = group[:3]
    tasks = [
        line
        for state in ("failed", "conflict")
        for line in reader.lines_in(state)
        if (line.error_class, line.error_status, line.error_code) == key
    ]
    rules = [row["text"] for row in reader.rules() if row["state"] == "failed" and row["error_class"] == key[0]]
    fields = (
        (_("What to do"), hint_text(group.hint)),
        (_("Message"), said(group.message)),
        (_("Tried again"), _("by itself, it may go well another time") if group.retryable else _("only when asked to")),
    )
    sections = [Section(_("Rules"), rules)] if rules and group.rules else []
    if tasks:
        more = [_("and {count} more").format(count=f"{len(tasks) - MOST_TASKS:,}")] if len(tasks) > MOST_TASKS else []
        sections.append(Section(_("Tasks"), [*(_names(line) for line in tasks[:MOST_TASKS]), *more]))
    return Details(reason, tuple(field for field in fields if field[1]), tuple(sections))


def _names(line: TaskLine) -> str:
    return f"{line.source} → {line.target}"


def _phase(name: str) -> str:
    return _(PHASES[name].word) if name in PHASES else name


def _took(row: Any) -> str:
    if row["started"] is None or row["ended"] is None:
        return ""
    return figures.duration_text(row["ended"] - row["started"])


def _content(reader: JournalReader, row: Any) -> list[Section]:
    digest = row["root"] or row["pinned"]
    if not digest or reader.manifest(digest) is None:
        return []
    placed = reader.placed(row["target_registry"], row["target_path"])
    return [Section(_("Content"), _tree(reader, digest, placed, 0))]


def _tree(reader: JournalReader, digest: str, placed: dict[str, str], depth: int, about: str = "") -> list[str]:
    """Return a line for a manifest, and below it, further in, those of all it refers to."""
    indent = "  " * depth
    stored = reader.manifest(digest) if depth <= _DEEPEST else None
    if stored is None:
        return [f"{indent}{_short(digest)}  {about}".rstrip()]
    manifest = parse_manifest(stored[1], stored[0], digest)
    kind = _("index") if manifest.is_index else _("manifest")
    lines = [f"{indent}{_short(digest)}  {kind}  {about}".rstrip()]
    for child in manifest.manifests[:MOST_PARTS]:
        lines += _tree(reader, child.digest, placed, depth + 1, str(child.platform or ""))
    for blob in manifest.blobs[:MOST_PARTS]:
        state = placed.get(blob.digest, "")
        word = _(PLACED[state]) if state in PLACED else ""
        lines.append(f"{indent}  {_short(blob.digest)}  {figures.bytes_text(blob.size):>9}  {word}".rstrip())
    if max(len(manifest.manifests), len(manifest.blobs)) > MOST_PARTS:
        lines.append(f"{indent}  …")
    return lines


def _short(digest: str) -> str:
    algorithm, _colon, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"


def _story(reader: JournalReader, number: int) -> list[Section]:
    attempts = reader.attempts(number)
    told = {row["message"] for row in attempts}
    story = [(row["at"], _attempt(reader, row)) for row in attempts]
    story += [(row["at"], _event(reader, row)) for row in reader.events(task_id=number) if row["text"] not in told]
    lines = [f"{time.strftime('%H:%M:%S', time.localtime(at))}  {text}" for at, text in sorted(story)]
    return [Section(_("Log"), lines)] if lines else []


def _attempt(reader: JournalReader, row: Any) -> str:
    return f"{_phase(row['phase'])}: {row['error_class']}: {said(reader.said(row['message']))}"


def _event(reader: JournalReader, row: Any) -> str:
    if row["level"] != DRIFT:
        return said(reader.said(row["text"]))
    drift = Drift.of_event(row)
    if not drift.now:
        what = _("the tag is gone from the source since it was planned")
    else:
        moved = _("the tag was moved at the source since it was planned, and is {digest} now")
        what = moved.format(digest=drift.now)
    return f"{what}; {_(WORDS[drift.done])}"
