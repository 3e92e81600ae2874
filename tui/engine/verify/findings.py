"""What a verification finds: differences between what was planned and what is at the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from tui.oci.saying import N_, made_printable

Kind = Literal[
    "missing-tag",
    "other-digest",
    "missing-manifest",
    "missing-blob",
    "wrong-size",
    "damaged",
    "missing-referrer",
    "extra-tag",
    "not-copied",
    "unknown",
]

WORDS: dict[Kind, str] = {
    "missing-tag": N_("the tag or digest is missing"),
    "other-digest": N_("the tag points elsewhere"),
    "missing-manifest": N_("a manifest is missing"),
    "missing-blob": N_("a blob is missing"),
    "wrong-size": N_("the size is another one"),
    "damaged": N_("the content is damaged"),
    "missing-referrer": N_("a signature or other referrer is not listed"),
    "extra-tag": N_("a tag that the plan does not know"),
    "not-copied": N_("the run did not copy this"),
    "unknown": N_("the registry gave no answer"),
}
"""Each kind in words, the gravest first."""

HINTS: dict[Kind, str] = {
    "missing-tag": N_("copy it again: run the plan once more"),
    "other-digest": N_("look who moved the tag since, then run the plan once more"),
    "missing-manifest": N_("run the plan with --force"),
    "missing-blob": N_("the target lost it; run the plan with --force"),
    "wrong-size": N_("the target's storage is damaged: remove it there, then run the plan with --force"),
    "damaged": N_("the target's storage is damaged: remove it there, then run the plan with --force"),
    "missing-referrer": N_("run the plan with --force, or attach it anew at the target"),
    "extra-tag": N_("keep it or remove it at the target; regferry removes nothing by itself"),
    "not-copied": N_("see the failures of the run, mend them, then 'regferry runs retry'"),
    "unknown": N_("look into the reason, then verify once more"),
}

Key = tuple[Kind, str, str]
"""What makes two findings the same: kind, repository, tag or digest."""


@dataclass(slots=True)
class Finding:
    """One difference. `repository` is `registry/path` at the target, `reference` the tag or digest it is about.

    `expected` and `found` are digests, or sizes in bytes, as texts; '' where there is none. `tags` are the references
    of the plan that are not whole because of it.
    """

    kind: Kind
    repository: str
    reference: str
    message: str
    expected: str = ""
    found: str = ""
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.message = made_printable(self.message)

    @property
    def key(self) -> Key:
        """What makes two findings the same."""
        return self.kind, self.repository, self.reference

    @property
    def place(self) -> str:
        """The reference in full, as people write it; the repository where it is about none of its references."""
        if not self.reference:
            return self.repository
        return f"{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}"

    def document(self) -> dict[str, Any]:
        """Return it as values JSON can carry."""
        return {
            "kind": self.kind,
            "words": str(WORDS[self.kind]),
            "place": self.place,
            "repository": self.repository,
            "reference": self.reference,
            "expected": self.expected,
            "found": self.found,
            "message": self.message,
            "hint": str(HINTS[self.kind]),
            "tags": sorted(self.tags),
        }


class Findings:
    """What was found so far, each difference once."""

    def __init__(self) -> None:
        self._found: dict[Key, Finding] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, finding: Finding) -> Key:
        """Note a difference; return its key."""
        return self._found.setdefault(finding.key, finding).key

    def concern(self, keys: Iterable[Key], tag: str) -> None:
        """Note that a reference of the plan is not whole because of these."""
        for key in keys:
            tags = self._found[key].tags
            if tag not in tags:
                tags.append(tag)

    def only_unknown(self, keys: Iterable[Key]) -> bool:
        """Return whether all of these only say that there was no answer."""
        return all(kind == "unknown" for kind, _, _ in keys)

    def documents(self, most: int | None = None) -> list[dict[str, Any]]:
        """Return `most` of them (all when None), the gravest first, as values JSON can carry."""
        kinds = list(WORDS)
        found = sorted(self._found.values(), key=lambda each: (kinds.index(each.kind), each.place))
        return [finding.document() for finding in found[:most]]

    def counts(self) -> dict[str, int]:
        """Return how many there are of each kind there is."""
        kinds = [kind for kind, _, _ in self._found]
        return {kind: kinds.count(kind) for kind in WORDS if kind in kinds}
