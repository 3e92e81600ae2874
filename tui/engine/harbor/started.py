"""Which executions a run started at Harbor: kept in the journal, so that whoever takes the run up follows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.engine.journal.writer import JournalWriter

KEY = "replication"
"""The journal's `meta` key: a list of {batch, policy, execution, over}."""


class Started:
    """The executions of a run, those of earlier processes first."""

    def __init__(self, journal: JournalWriter, before: Sequence[dict[str, Any]]) -> None:
        self._journal = journal
        self._all = list(before)

    def begun(self, batch: int) -> bool:
        """Return whether the policy of a batch was started before."""
        return any(each["batch"] == batch for each in self._all)

    def open(self, batch: int) -> list[int]:
        """Return the executions of a batch of which nobody has seen the end."""
        return [each["execution"] for each in self._all if each["batch"] == batch and not each["over"]]

    def add(self, batch: int, policy: int, execution: int) -> None:
        """Note that an execution began."""
        self._all.append({"batch": batch, "policy": policy, "execution": execution, "over": False})
        self._journal.meta(KEY, self._all)

    def over(self, execution: int) -> None:
        """Note that nothing more will come of an execution."""
        for each in self._all:
            if each["execution"] == execution:
                each["over"] = True
        self._journal.meta(KEY, self._all)
