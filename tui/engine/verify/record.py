"""Verifications as files beside the run: one that is under way or was broken off, and every one that ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.endpoints.private_file import write_private
from tui.engine.runs import RunFolder
from tui.oci.saying import Said, packed, unpacked

FORMAT = 1
_ENDED = "verification-*.json"
LOCK = "verify.lock"


@dataclass(frozen=True, slots=True)
class Manner:
    """How to verify: `deep` reads and hashes everything, `extra` looks for tags the plan does not know."""

    deep: bool = False
    extra: bool = False

    @property
    def words(self) -> str:
        """How it was done, for people."""
        how = "every manifest and blob read and hashed" if self.deep else "every manifest and blob asked for"
        return f"{how}{', tags the plan does not know looked for' if self.extra else ''}"


def live_path(folder: RunFolder) -> Path:
    """Return where a verification under way says how it stands."""
    return folder.path / "verifying.json"


def write_live(folder: RunFolder, document: dict[str, Any]) -> None:
    """Say how a verification stands. Raises LocalError."""
    write_private(live_path(folder), _bytes(document))


def write_ended(folder: RunFolder, document: dict[str, Any]) -> Path:
    """Keep a verification that came to its end, and forget how it stood before. Raises LocalError."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(document["ended"]))
    stem = f"verification-{stamp}"
    path, number = folder.path / f"{stem}.json", 1
    while path.exists():
        number += 1
        path = folder.path / f"{stem}-{number}.json"
    write_private(path, _bytes(document))
    live_path(folder).unlink(missing_ok=True)
    return path


def verifications(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the verifications of a run that came to their end, the latest last; what cannot be read is left out."""
    found = [document for path in folder.path.glob(_ENDED) if (document := _read(path)) is not None]
    return sorted(found, key=lambda document: float(document["ended"]))


def standing(folder: RunFolder) -> dict[str, Any] | None:
    """Return the verification that is under way, was broken off, or else the latest that ended; None without any.

    `state` is `running`, `interrupted` (its process died), `stopped` or `done`.
    """
    live = _read(live_path(folder))
    if live is None:
        ended = verifications(folder)
        return ended[-1] if ended else None
    if live["state"] == "running" and folder.working(LOCK) is None:
        # It may have ended between the two looks.
        again = _read(live_path(folder))
        return standing(folder) if again is None else {**again, "state": _broken_off(again["state"])}
    return live


def stop(folder: RunFolder) -> None:
    """Tell the process that verifies a run to stop; nothing happens when there is none."""
    process = folder.working(LOCK)
    if process:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)


def in_words(document: dict[str, Any]) -> str:
    """Return what a verification came to, in one sentence."""
    when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(document["ended"] or document["started"]))
    how = Manner(document["deep"], document["extra"]).words
    count = len(document["findings"])
    result = f"{count} {'difference' if count == 1 else 'differences'}" if count else "everything as planned"
    return f"verified {when} by {document['by']}: {result} ({how})"


def brief(document: dict[str, Any]) -> dict[str, Any]:
    """Return a verification without what only a report needs."""
    return {key: value for key, value in document.items() if key not in ("format", "verdicts", "content")}


def _broken_off(state: str) -> str:
    return "interrupted" if state == "running" else state


def _bytes(document: dict[str, Any]) -> bytes:
    """Return a document as a file has it: with what the sentences of its findings are made of."""
    messages = [each["message"] for each in document.get("findings", ())]
    sentences = {text: packed(text) for text in messages if isinstance(text, Said) and text.values}
    document = {**document, "sentences": sentences} if sentences else document
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _read(path: Path) -> dict[str, Any] | None:
    """Return the document in a file, None when there is none that can be used."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    sentences = document.pop("sentences", {})
    for each in document.get("findings", ()):
        each["message"] = unpacked(each["message"], sentences.get(each["message"], ""))
    return document
