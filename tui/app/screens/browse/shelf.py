"""What was read of one registry so far: its repositories by project, their tags, and what is behind these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.app.basket import Basket
from tui.endpoints.model import Endpoint

if TYPE_CHECKING:
    from tui.providers.content import TagInfo

EVERYTHING = "*"
"""Stands for all projects in the list of them; no repository path can be called so."""


@dataclass(slots=True)
class Shelf:
    """What is known of the registry at `endpoint`.

    `projects` maps a project ('' for repositories outside of any) to its repository paths. `listed` are the tags of
    repositories that were listed to the end. `infos` are by path and tag; `failures` says why one could not be had.
    """

    endpoint: Endpoint
    projects: dict[str, list[str]] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    infos: dict[tuple[str, str], TagInfo] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    complete: bool = False
    _known: dict[str, None] = field(default_factory=dict)

    @property
    def repositories(self) -> list[str]:
        """All paths, in the order they were found."""
        return list(self._known)

    @property
    def count(self) -> int:
        """How many repositories there are."""
        return len(self._known)

    def add(self, paths: Iterable[str]) -> list[str]:
        """Take in repository paths and return the new ones."""
        new = []
        for path in paths:
            if path not in self._known:
                self._known[path] = None
                self.projects.setdefault(path.partition("/")[0] if "/" in path else "", []).append(path)
                new.append(path)
        return new

    def forget(self, path: str) -> None:
        """Drop what is known of a repository but its name."""
        self.listed.pop(path, None)
        self.infos = {key: info for key, info in self.infos.items() if key[0] != path}
        self.failures = {key: why for key, why in self.failures.items() if key[0] != path}

    def within(self, project: str) -> list[str]:
        """Return the repositories of a project, or of `EVERYTHING`."""
        return self.repositories if project == EVERYTHING else self.projects.get(project, [])

    def holds(self, basket: Basket) -> bool:
        """Return whether what is in the basket is from here."""
        return basket.source is not None and basket.source.id == self.endpoint.id

    def whole(self, basket: Basket, project: str) -> bool:
        """Return whether every repository of a project is selected."""
        paths = self.within(project)
        return bool(paths) and self.holds(basket) and all(path in basket.repositories for path in paths)

    def selected(self, basket: Basket, project: str) -> int:
        """Return of how many repositories of a project something is selected."""
        if basket.empty or not self.holds(basket):
            return 0
        return sum(path in basket.repositories or path in basket.tags for path in self.within(project))
