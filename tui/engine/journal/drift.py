"""Drift in the journal: a tag that named something else at the source than when it was planned, and what was done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tui.oci.saying import N_

Done = Literal["kept", "latest", "failed"]
"""What was planned was copied; planned anew as the tag is now; or the task failed for it."""

WORDS: Mapping[Done, str] = {
    "kept": N_("copied as planned"),
    "latest": N_("planned anew"),
    "failed": N_("not copied"),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """A look at a tag: the digest that was planned, what it is `now` ('' when it is gone), and what was done then."""

    planned: str
    now: str
    done: Done = "kept"

    @classmethod
    def of_event(cls, row: Any) -> Drift:
        """Return the drift an event tells of; those of earlier versions say what there is now and nothing else."""
        text = str(row["text"])
        return cls(**json.loads(text)) if text.startswith("{") else cls("", text)

    def text(self) -> str:
        """Return the text of an event."""
        return json.dumps(asdict(self))


def in_all(looks: Iterable[Drift], pinned: str) -> Drift:
    """Return what several looks at one tag come to: from what was planned first to what was seen last.

    `pinned` is the digest of the task, for journals of earlier versions.
    """
    first, *more = looks
    last = more[-1] if more else first
    return Drift(first.planned or pinned, last.now, last.done)
