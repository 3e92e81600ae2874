"""What a look at a target before a run finds: what is well, what is in the way, and what could be done about it.

A sentence is a template with its values apart, so that whoever shows it can say it in another language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tui.oci.reference import Reference
from tui.oci.saying import filled

Severity = Literal["ok", "note", "warning", "problem"]
"""`problem` would make tasks fail, `warning` may, `note` is worth knowing."""
Deed = Literal["create-namespace", "switch-on-auto-create", "create-repositories"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something an API can do for the operator, once they have said yes: `subjects` are the names it is done to."""

    deed: Deed
    subjects: tuple[str, ...]
    sentence: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What would be done, for a button or a question."""
        return filled(self.sentence, self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `sentence` and `advice` ('' for none) are templates for `values`."""

    severity: Severity
    sentence: str
    advice: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    action: Action | None = None

    @property
    def words(self) -> str:
        """What was found."""
        return filled(self.sentence, self.values)

    @property
    def hint(self) -> str:
        """The step to take, '' when there is none."""
        return filled(self.advice, self.values)


@dataclass(frozen=True, slots=True)
class Coming:
    """What is to be pushed besides the names, where it is known: bytes by namespace, and the references."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    references: Sequence[Reference] = ()


UNKNOWN = Coming()

_ORDER: tuple[Severity, ...] = ("problem", "warning", "note", "ok")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings ordered by severity."""
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
