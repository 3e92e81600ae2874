"""A task: one source reference copied to one target reference, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tui.endpoints.errors import EndpointsError
from tui.engine.open_files import too_many
from tui.oci.errors import RegistryError
from tui.oci.reference import Reference, Repository, is_digest
from tui.oci.saying import N_, made_printable, phrase

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
    retryable: bool = False
    """Whether the same may go well another time without anybody changing anything."""

    @classmethod
    def of(cls, error: RegistryError) -> Failure:
        """Return the failure an error stands for, with the usual reason of the vendor whose registry it is."""
        from tui.providers.hints import advice
        from tui.providers.kinds import vendor_of_address

        hint = advice(error, vendor_of_address(error.endpoint))
        return cls(error.kind, error.status, error.code, str(error), hint, error.retryable)

    @classmethod
    def of_surprise(cls, error: Exception) -> Failure:
        """Return the failure of what is no RegistryError: wrong settings, this machine, or a fault of ours."""
        if local := too_many(error):
            return cls.of(local)
        if isinstance(error, EndpointsError):
            return cls("CONFIG", None, "", error.message, error.hint)
        hint = N_("this is a fault of regferry; the run's log has the details: please report it")
        return cls(
            "BUG", None, "", made_printable(phrase("{where}: {words}", where=type(error).__name__, words=error)), hint
        )

    def columns(self) -> dict[str, Any]:
        """Return it as journal columns."""
        return {
            "error_class": self.error_class,
            "error_status": self.status,
            "error_code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": int(self.retryable),
        }

    @classmethod
    def from_row(cls, row: Any) -> Failure | None:
        """Return the failure a journal row tells of, None when it tells of none."""
        if not row["error_class"]:
            return None
        return cls(
            row["error_class"],
            row["error_status"],
            row["error_code"],
            row["message"],
            row["hint"],
            bool(row["retryable"]),
        )


NO_FAILURE: dict[str, Any] = {
    "error_class": "",
    "error_status": None,
    "error_code": "",
    "message": "",
    "hint": "",
    "retryable": 0,
}
"""The journal columns of a failure where there is none."""


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
    planned_at: float | None = None
    """When this process planned it (monotonic); None when another one did."""
    drifted_to: str | None = None
    """The digest its tag has at the source now, '' when it is gone, None while it is believed to be as planned."""

    @property
    def resolved(self) -> bool:
        """Whether generate found out what to push."""
        return bool(self.root)

    @classmethod
    def from_row(cls, row: Any) -> Task:
        """Return the task of a journal row."""
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
            failure=Failure.from_row(row),
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
