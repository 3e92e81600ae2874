"""What every part of a run shares."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.engine.blob_work import SavedUpload
from tui.engine.control import Control
from tui.engine.journal.writer import JournalWriter
from tui.engine.log import RunLog
from tui.engine.placements import Placements
from tui.engine.registries import Registries
from tui.engine.schedule import BlobNeed, MemoryBudget, SingleFlight
from tui.engine.tasks import Failure, Task
from tui.engine.trees import ManifestStore, Tree, blobs_of
from tui.oci.descriptor import Descriptor
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.plan.model import Plan, Rule

MEMORY_BUDGET = 64 * 1024 * 1024
"""Bytes for blobs under way."""


@dataclass(slots=True)
class Totals:
    """Bytes of blobs that need not move: mounted from another repository, and there before."""

    mounted: int = 0
    present: int = 0


@dataclass(slots=True)
class RunContext:
    """One run under way: its plan, journal, registries, tasks and what is known of the targets."""

    plan: Plan
    journal: JournalWriter
    log: RunLog
    registries: Registries
    manifests: ManifestStore
    control: Control
    retry: RetryPolicy
    made: float = 0.0
    """When the run was made, seconds since the epoch: ages and the names of backups are the same after a resume."""
    tasks: dict[int, Task] = field(default_factory=dict)
    rules: dict[int, Rule] = field(default_factory=dict)
    placements: Placements = field(default_factory=Placements)
    needs: dict[tuple[Repository, str], BlobNeed] = field(default_factory=dict)
    """Blobs that are to be placed, by target repository and digest."""
    saved_uploads: dict[tuple[Repository, str], SavedUpload] = field(default_factory=dict)
    """Upload sessions that earlier processes left open, by target repository and digest."""
    blob_flights: SingleFlight[tuple[Repository, str]] = field(default_factory=SingleFlight)
    memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(MEMORY_BUDGET))
    totals: Totals = field(default_factory=Totals)
    rule_failures: dict[int, Failure] = field(default_factory=dict)
    """Rules that could not be expanded yet."""
    asked_again: set[int] = field(default_factory=set)
    """Tasks somebody asked to try once more."""
    moved: set[int] = field(default_factory=set)
    """Tasks whose tag moved since they were planned, to be planned anew (`on_drift`)."""
    ended_logins: dict[str, str] = field(default_factory=dict)
    """Registries that do not take the login any more that they took before, and what they said."""

    def only_adds(self, task: Task) -> bool:
        """Whether the target has a task's image, so that only what refers to it is written."""
        return task.resolved and self._is_there(task, task.root)

    def blobs_for(self, task: Task, tree: Tree) -> list[Descriptor]:
        """Return the blobs the target needs for a task, each digest once."""
        return blobs_of(tree.attached()) if self._is_there(task, tree.root.digest) else tree.blobs()

    def _is_there(self, task: Task, root: str) -> bool:
        return root == task.replaces and not self.plan.options.force
