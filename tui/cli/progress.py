"""The live line of a run at a terminal, read from its journal; elsewhere a line when a phase begins."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tui.cli.words import duration, several, size
from tui.engine.journal.reader import JournalReader

_EVERY = 0.25
_LIVELY = ("pending", "running", "waiting")
_SPEED_OVER = 5.0
_BYTES_THAT_TELL = 1024 * 1024
"""Moved before a time that is left can be told."""


class Progress:
    """Says where the run of a journal stands, over and over on one line of standard error."""

    def __init__(self, journal: Path, *, at_terminal: bool) -> None:
        self._reader = JournalReader(journal)
        self._at_terminal = at_terminal
        self._said = ("", "")
        self._samples: list[tuple[float, int]] = []
        self._shown = False

    def close(self) -> None:
        """Clear the line."""
        if self._shown:
            self._write("\r\x1b[K")
        self._reader.close()

    def show(self) -> None:
        """Paint what the journal says now."""
        row = dict(self._reader.progress())
        phase = f"{row['phase']} {row['round']}" if row["round"] else row["phase"]
        if not self._at_terminal:
            doing = _doing(row) or several(sum(self._reader.counts().values()), "task")
            if (phase, _doing(row)) != self._said:
                self._write(f"{phase}: {doing}\n")
            self._said = (phase, _doing(row))
            return
        columns = shutil.get_terminal_size().columns
        self._write(f"\r\x1b[K{self._line(row, phase)[: columns - 1]}")
        self._shown = True

    def _line(self, progress: Mapping[str, Any], phase: str) -> str:
        counts = self._reader.counts()
        total = sum(counts.values())
        parts = [phase]
        if progress["state"] != "running":
            parts.append(f"{progress['state']} {progress['message']}".strip())
        if progress["phase"] == "generate":
            planned = total - counts["pending"] + self._reader.planned()
            if progress["message"] and not total:
                parts.append(f"{progress['message']} repositories listed")
            parts.append(f"{planned}/{total} tasks planned")
            return "  ".join(parts)
        settled = total - sum(counts[state] for state in _LIVELY)
        parts.append(f"{settled}/{total} tasks")
        if counts["failed"]:
            parts.append(f"{counts['failed']} failed")
        if doing := _doing(progress):
            return "  ".join([*parts, doing])
        done, handed = self._reader.handed()
        if handed:
            # Harbor tells of whole images only, so there is no speed.
            own, moved = self._reader.bytes_to_move(), progress["bytes_written"]
            parts.append(f"{size(done + moved)}/{size(handed + max(own, moved))} by image, moved by Harbor")
            return "  ".join(parts)
        # What is read and not written yet is half way.
        to_move, moved = self._reader.bytes_to_move(), (progress["bytes_read"] + progress["bytes_written"]) // 2
        parts.append(f"{size(moved)}/{size(max(to_move, moved))}")
        speed = self._speed(moved)
        parts.append(f"{size(speed)}/s")
        if speed > 0 and to_move > moved > _BYTES_THAT_TELL:
            parts.append(f"{duration((to_move - moved) / speed)} left")
        return "  ".join(parts)

    def _speed(self, moved: int) -> float:
        now = time.monotonic()
        self._samples.append((now, moved))
        self._samples = [sample for sample in self._samples if now - sample[0] <= _SPEED_OVER]
        since, before = self._samples[0]
        return (moved - before) / (now - since) if now > since else 0.0

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            # The terminal is gone (a lost connection); the run goes on without being watched.
            self._at_terminal = False


def _doing(progress: Mapping[str, Any]) -> str:
    """Return what a run does that is no copying: packing what it wrote."""
    copying = progress["state"] != "running" or progress["phase"] == "generate"
    return "" if copying else str(progress["message"])


@asynccontextmanager
async def shown(journal: Path, *, quiet: bool) -> AsyncIterator[None]:
    """Show the progress of the run of `journal` inside the block; `quiet` only at a terminal."""
    at_terminal = sys.stderr.isatty()
    if quiet and not at_terminal:
        yield
        return
    progress = Progress(journal, at_terminal=at_terminal)

    async def paint() -> None:
        while True:
            progress.show()
            await asyncio.sleep(_EVERY)

    painting = asyncio.create_task(paint())
    try:
        yield
    finally:
        painting.cancel()
        await asyncio.gather(painting, return_exceptions=True)
        progress.close()


def watch_until(journal: Path, over: Callable[[], bool]) -> bool:
    """Show the progress of a run of another process until it is `over`; return False when ctrl+c came first."""
    progress = Progress(journal, at_terminal=sys.stderr.isatty())
    try:
        while not over():
            progress.show()
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        return False
    finally:
        progress.close()
    return True
