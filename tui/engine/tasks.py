"""A task: one source reference copied to one target reference, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tui.oci.errors import RegistryError
from tui.oci.reference import Reference, Repository, is_digest

State = Literal["pending", "running", "waiting", "done", "unchanged", "skipped", "failed", "conflict", "cancelled"]
Phase = Literal["generate", "execute", "retry"]

FINAL: frozenset[State] = frozenset({"done", "unchanged", "skipped", "failed", "conflict", "cancelled"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed, in the shape the journal and every report carry it."""

    error_class: str
    status: int | None
    code: str
    message: str
    hint: str
    retryable: bool = field(compare=False, default=False)

    @classmethod
    def of(cls, error: RegistryError) -> Failure:
        """Return the failure an error stands for."""
        return cls(error.kind, error.status, error.code, str(error), error.hint, error.retryable)

    def columns(self) -> dict[str, Any]:
        """Return it as journal columns."""
        return {
            "error_class": self.error_class,
            "error_status": self.status,
            "error_code": self.code,
            "message": self.message,
        }


@dataclass(slots=True)
class Task:
    """A task in memory. `pinned` is the digest the source had when planned, `root` the digest that is pushed."""

    id: int
    rule_id: int
    source: Reference
    target: Reference
    state: State = "pending"
    phase: Phase = "generate"
    attempts: int = 0
    pinned: str = ""
    root: str = ""
    replaces: str = ""
    bytes_total: int = 0
    bytes_done: int = 0
    failure: Failure | None = None
    dirty: bool = False
    """Whether `bytes_done` changed since the journal was told."""

    @property
    def resolved(self) -> bool:
        """Whether generate found out what to push."""
        return bool(self.root)

    @classmethod
    def from_row(cls, row: Any) -> Task:
        """Return the task of a journal row."""
        failure = None
        if row["error_class"]:
            failure = Failure(
                row["error_class"], row["error_status"], row["error_code"], row["message"], row["hint"]
            )
        return cls(
            id=row["id"],
            rule_id=row["rule_id"],
            source=_reference(row["source_registry"], row["source_path"], row["source_reference"]),
            target=_reference(row["target_registry"], row["target_path"], row["target_reference"]),
            state=row["state"],
            phase=row["phase"],
            attempts=row["attempts"],
            pinned=row["pinned"],
            root=row["root"],
            replaces=row["replaces"],
            bytes_total=row["bytes_total"],
            failure=failure,
        )

    def row(self) -> dict[str, Any]:
        """Return the columns of a new journal row."""
        return {
            "id": self.id,
            "rule_id": self.rule_id,
            "source_registry": self.source.registry,
            "source_path": self.source.repository.path,
            "source_reference": self.source.target,
            "target_registry": self.target.registry,
            "target_path": self.target.repository.path,
            "target_reference": self.target.target,
            "state": self.state,
            "phase": self.phase,
        }


def _reference(registry: str, path: str, target: str) -> Reference:
    repository = Repository(registry, path)
    return Reference(repository, digest=target) if is_digest(target) else Reference(repository, tag=target)
