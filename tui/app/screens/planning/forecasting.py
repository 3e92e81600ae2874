"""What a run is going to do, read from its journal while its generate phase is under way."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from tui.app.i18n import said
from tui.app.screens.planning.detail_words import note_of
from tui.app.widgets.row_source import Row
from tui.engine.forecast import action
from tui.engine.funnels import RuleFunnel, funnels
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.journal.schema import JournalError
from tui.engine.report import names
from tui.engine.room import Room, rooms
from tui.engine.runs import RunBusy, RunFolder
from tui.oci.text import printable

EVERY = 0.25
_SUMS_EVERY = 8
_ROWS_AT_ONCE = 5000
_GIVE_UP = 40


class Task(NamedTuple):
    """One task as the journal has it; `action` as in `tables.ACTIONS`."""

    id: int
    source: str
    target: str
    path: str
    reference: str
    action: str
    size: int
    digest: str
    replaces: str
    message: str
    hint: str
    root: str = ""
    """The digest that is written."""
    detail: Mapping[str, Any] = MappingProxyType({})
    """What the check found out beyond that (`tui.engine.forecast`): kind, platforms, what goes along, backup."""


@dataclass(slots=True)
class Forecast:
    """What is known so far. `to_move` and `tasks_size` are bytes: of blobs the target lacks, and of all new tasks.

    Of what a Harbor moves all that belongs to the new tasks counts: it finds out itself what is there.
    """

    tasks: dict[int, Task] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """How many artifacts of each kind will be written, those that go along counted with them."""
    tasks_size: int = 0
    to_move: int = 0
    revision: int = 0
    rooms: list[Room] = field(default_factory=list)
    """Places on a disk that are written to."""
    rules_failed: list[tuple[str, str, str]] = field(default_factory=list)
    """Text, message and hint of rules that could not be turned into tasks."""
    funnels: list[RuleFunnel] = field(default_factory=list)
    """How each rule that lists something came to its tags."""

    @property
    def saved(self) -> int:
        """Bytes that need not be moved, since tasks share them or the target has them."""
        return max(0, self.tasks_size - self.to_move)

    @property
    def to_do(self) -> int:
        """How many tasks will write something."""
        return self.counts["new"] + self.counts["overwrite"] + self.counts["add"]

    def take(self, tasks: list[Task], revision: int) -> None:
        """Take in tasks as they are now."""
        for task in tasks:
            before = self.tasks.get(task.id)
            if before is not None:
                self._count(before, -1)
            self.tasks[task.id] = task
            self._count(task, 1)
        self.revision = max(self.revision, revision)

    def _count(self, task: Task, by: int) -> None:
        self.counts[task.action] += by
        if task.action in ("new", "overwrite"):
            self.tasks_size += by * task.size
            self.kinds[task.detail.get("kind", "image")] += by
            for kind, count in task.detail.get("attached", {}).items():
                self.kinds[kind] += by * count
        elif task.action == "add":
            self.tasks_size += by * task.size
            for kind, count in task.detail["adds"].items():
                self.kinds[kind] += by * count

    def row(self, key: object, source: str = "", target: str = "") -> Row:
        """Return the row of a task, without the registries `source` and `target`."""
        assert isinstance(key, int)
        task = self.tasks[key]
        return (
            task.source.removeprefix(f"{source}/"),
            task.target.removeprefix(f"{target}/"),
            task.action,
            task.size or None,
            task.message or note_of(task.detail),
        )


class Checked(NamedTuple):
    """How a check ended: the exit code of its process, and what it said when it could not begin."""

    code: int
    said: str


_Sums = tuple[int, list[RuleFunnel], list[Room]]
_Read = tuple[list[Task], int, list[tuple[str, str, str]], _Sums | None]


async def watch(
    folder: RunFolder,
    process: subprocess.Popen[bytes],
    forecast: Forecast,
    changed: Callable[[list[int]], None],
) -> Checked:
    """Follow the check until its process ends; `changed` gets the ids of tasks that are new or different.

    May be cancelled; the process goes on. Raises JournalError.
    """
    turn = 0
    while True:
        code = process.poll()
        sums = turn % _SUMS_EVERY == 0 or code is not None
        tasks, revision, rules, sums_now = await asyncio.to_thread(_read, folder, forecast.revision, sums)
        forecast.rules_failed = rules
        if sums_now is not None:
            forecast.to_move, forecast.funnels, forecast.rooms = sums_now
        for start in range(0, len(tasks), _ROWS_AT_ONCE):
            part = tasks[start : start + _ROWS_AT_ONCE]
            forecast.take(part, revision)
            changed([task.id for task in part])
            await asyncio.sleep(0)
        if not tasks:
            changed([])
        if code is not None:
            return Checked(code, await asyncio.to_thread(_said, folder))
        turn += 1
        await asyncio.sleep(EVERY)


def _read(folder: RunFolder, since: int, sums: bool) -> _Read:
    with JournalReader(folder.journal) as reader:
        rows = reader.tasks_since(since)
        to_move = reader.bytes_to_move() + reader.handed()[1]
        sums_now = (to_move, funnels(reader), rooms(reader)) if sums else None
        details = reader.details_of([row["id"] for row in rows])
        rules = [
            (row["text"], said(reader.said(row["message"])), said(reader.said(row["hint"])))
            for row in reader.rules()
            if row["state"] == "failed"
        ]
        words = {text: said(reader.said(text)) for row in rows for text in (row["message"], row["hint"])}
    tasks = []
    for row in rows:
        source, target = names(row)
        unplanned = row["state"] == "pending" and not row["root"]
        path, reference = row["source_path"], row["source_reference"]
        tasks.append(
            Task(
                row["id"],
                source,
                target,
                path,
                reference,
                "checking" if unplanned else action(row, details.get(row["id"], {})),
                row["bytes_total"],
                row["pinned"],
                row["replaces"],
                words[row["message"]],
                words[row["hint"]],
                row["root"],
                details.get(row["id"], {}),
            )
        )
    return tasks, rows[-1]["revision"] if rows else since, rules, sums_now


def _said(folder: RunFolder) -> str:
    try:
        text = folder.output.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return printable(" ".join(text.split())[-400:])


async def discard(folder: RunFolder, process: subprocess.Popen[bytes] | None) -> None:
    """Remove a check nobody wants any more, after its process ended. The folder stays when it does not end."""
    if process is not None and process.poll() is None:
        with suppress(JournalError):
            await asyncio.to_thread(give_order, folder.journal, "stop")
        for _ in range(_GIVE_UP):
            if process.poll() is not None:
                break
            await asyncio.sleep(EVERY)
    with suppress(RunBusy, OSError):
        # A folder that cannot be removed is listed with the runs, where it can be removed again.
        await asyncio.to_thread(folder.delete)
