"""Which target repository has which blob: what we know, and who could give a blob by mounting."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from tui.oci.reference import Repository

PlacementState = Literal["need", "active", "present", "mounted", "uploaded", "missing", "failed"]
THERE: frozenset[str] = frozenset({"present", "mounted", "uploaded"})

_MISSES_BEFORE_GIVING_UP = 3


class Placements:
    """The knowledge of one run about blobs at its targets. Only what a registry confirmed counts as there."""

    def __init__(self) -> None:
        self._repositories: dict[tuple[str, str], set[Repository]] = defaultdict(set)
        self._misses: dict[tuple[str, str], int] = defaultdict(int)

    def has(self, repository: Repository, digest: str) -> bool:
        """Return whether the blob is known to be in the repository."""
        return repository in self._repositories.get((repository.registry, digest), ())

    def add(self, repository: Repository, digest: str) -> None:
        """Note that the blob is in the repository."""
        self._repositories[repository.registry, digest].add(repository)

    def forget(self, repository: Repository, digest: str) -> None:
        """Note that the blob is not there after all."""
        self._repositories[repository.registry, digest].discard(repository)

    def donor(self, repository: Repository, digest: str) -> Repository | None:
        """Return another repository of the same registry from which the blob can be mounted."""
        holders = self._repositories.get((repository.registry, digest), ())
        return next((holder for holder in holders if holder != repository and self._mountable(holder)), None)

    def missed(self, donor: Repository) -> None:
        """Note that mounting from this repository did not work."""
        self._misses[donor.registry, _project(donor)] += 1

    def mounted(self, donor: Repository) -> None:
        """Note that mounting from this repository works."""
        self._misses[donor.registry, _project(donor)] = 0

    def _mountable(self, donor: Repository) -> bool:
        return self._misses.get((donor.registry, _project(donor)), 0) < _MISSES_BEFORE_GIVING_UP


def _project(repository: Repository) -> str:
    return repository.path.partition("/")[0]
