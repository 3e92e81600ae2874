"""What is selected at a source: whole projects, whole repositories, single tags. Pure; knows nothing of screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tui.endpoints.model import Endpoint
from tui.plan.model import Platform, Rule, TagSelection

EVERY_TAG = TagSelection()


@dataclass(slots=True)
class Basket:
    """The selection at one source endpoint.

    `repositories` maps a repository path to how its tags are chosen when the run begins; `tags` maps one to the tags
    chosen by name. A repository is in one of the two. `sizes` are bytes by blob digest, of what is known already.
    """

    source: Endpoint | None = None
    repositories: dict[str, TagSelection] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    platforms: tuple[Platform, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)

    def clear(self, source: Endpoint | None = None) -> None:
        """Select nothing, from now on at `source`."""
        self.source, self.platforms = source, ()
        self.repositories.clear()
        self.tags.clear()
        self.sizes.clear()

    @property
    def empty(self) -> bool:
        """Whether nothing is selected."""
        return not self.repositories and not self.tags

    def take_repositories(self, paths: Iterable[str], selection: TagSelection = EVERY_TAG) -> None:
        """Select repositories with the tags `selection` will choose; tags chosen by name there are dropped."""
        for path in paths:
            self.tags.pop(path, None)
            self.repositories[path] = selection

    def drop_repositories(self, paths: Iterable[str]) -> None:
        """Select nothing of these repositories."""
        for path in paths:
            self.repositories.pop(path, None)
            self.tags.pop(path, None)

    def take_tags(self, path: str, tags: Iterable[str]) -> None:
        """Select exactly these tags of a repository; none drops it."""
        self.repositories.pop(path, None)
        chosen = list(dict.fromkeys(tags))
        if chosen:
            self.tags[path] = chosen
        else:
            self.tags.pop(path, None)

    def covers(self, path: str, tag: str = "") -> bool:
        """Return whether a repository (or one tag of it) is selected."""
        if path in self.repositories:
            return True
        return path in self.tags and (not tag or tag in self.tags[path])

    def rules(self, template: str) -> tuple[Rule, ...]:
        """Return the selection as the rules of a plan, with `template` as the target of each."""
        if self.source is None:
            return ()
        registry = self.source.address
        whole = [
            Rule(registry, path, template, tags=selection, platforms=self.platforms)
            for path, selection in self.repositories.items()
        ]
        named = [
            Rule(registry, path, template, references=tuple(tags), platforms=self.platforms)
            for path, tags in self.tags.items()
        ]
        return tuple(sorted((*whole, *named), key=lambda rule: rule.source_path))

    def with_override(self, rules: tuple[Rule, ...], path: str, tag: str, target: str) -> tuple[Rule, ...]:
        """Return `rules` with one tag going to `target` instead: it leaves its rule and gets one of its own."""
        changed: list[Rule] = []
        for rule in rules:
            if rule.source_path != path:
                changed.append(rule)
            elif rule.needs_tags:
                changed.append(replace(rule, tags=replace(rule.tags, exclude=(*rule.tags.exclude, tag))))
            elif left := tuple(name for name in rule.references if name != tag):
                changed.append(replace(rule, references=left))
        registry = self.source.address if self.source else ""
        own = Rule(registry, path, target, references=(tag,), platforms=self.platforms)
        return (*changed, own)
