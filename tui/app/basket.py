"""What is selected at a source: whole repositories, and single tags. Pure; knows nothing of screens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tui.endpoints.model import Endpoint
from tui.plan.model import Platform, Rule, TagSelection
from tui.plan.selection import narrow

EVERY_TAG = TagSelection()


class Tally(NamedTuple):
    """How much is selected. Without `tags_known` or `bytes_known` the figure is what is known so far, a lower bound.

    `size` is in bytes, every blob counted once.
    """

    repositories: int
    tags: int
    size: int
    tags_known: bool
    bytes_known: bool


@dataclass(slots=True)
class Basket:
    """The selection at one source endpoint, and what is known of it.

    `repositories` maps a repository path to how its tags are chosen when the run begins; `tags` maps one to the tags
    chosen by name. A repository is in one of the two.

    `listed` are the tags of repositories as the registry lists them, `contents` the digests behind a path and tag,
    `sizes` the bytes by digest: what was found out so far, selected or not.
    """

    source: Endpoint | None = None
    repositories: dict[str, TagSelection] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    platforms: tuple[Platform, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contents: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _narrowed: dict[str, tuple[TagSelection, tuple[str, ...], tuple[str, ...] | None]] = field(default_factory=dict)

    def clear(self, source: Endpoint | None = None) -> None:
        """Select nothing, from now on at `source`."""
        same = source is not None and self.source is not None and source.id == self.source.id
        self.source, self.platforms = source, ()
        self.repositories.clear()
        self.tags.clear()
        if not same:
            for known in (self.sizes, self.listed, self.contents):
                known.clear()

    @property
    def empty(self) -> bool:
        """Whether nothing is selected."""
        return not self.repositories and not self.tags

    @property
    def paths(self) -> list[str]:
        """The repositories of which something is selected, by name."""
        return sorted((*self.repositories, *self.tags))

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
        """Return whether something of a repository (or one tag of it) is selected."""
        if not tag:
            return path in self.repositories or path in self.tags
        return tag in (self.chosen(path) or ())

    def chosen(self, path: str) -> tuple[str, ...] | None:
        """Return the tags selected of a repository; None when they depend on what is not known yet.

        That is the list of its tags, or their labels and ages, for which the check asks.
        """
        if path in self.tags:
            return tuple(self.tags[path])
        if path not in self.repositories:
            return ()
        if path not in self.listed:
            return None
        selection, listed = self.repositories[path], self.listed[path]
        if selection == EVERY_TAG:
            return listed
        known = self._narrowed.get(path)
        if known is None or known[0] != selection or known[1] is not listed:
            funnel = narrow(selection, listed)
            known = self._narrowed[path] = (selection, listed, None if funnel.open else funnel.tags)
        return known[2]

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield path and tag of everything selected, by repository; the tag is '' where the tags are not known yet."""
        for path in self.paths:
            tags = self.chosen(path)
            if tags is None:
                yield path, ""
            else:
                yield from ((path, tag) for tag in tags)

    def unlisted(self) -> list[str]:
        """Return the selected repositories whose tags have to be listed before it is known what is selected."""
        return [path for path in sorted(self.repositories) if path not in self.listed]

    def unmeasured(self) -> list[tuple[str, str]]:
        """Return path and tag of everything selected whose size is not known yet."""
        return [(path, tag) for path, tag in self.references() if tag and (path, tag) not in self.contents]

    def measured(self, path: str, tag: str, sizes: Mapping[str, int]) -> None:
        """Take in what is behind a tag: bytes by digest."""
        self.contents[path, tag] = tuple(sizes)
        self.sizes.update(sizes)

    def tally(self) -> Tally:
        """Return how much is selected, as far as is known."""
        digests: set[str] = set()
        tags, listed, measured = 0, True, True
        for path, tag in self.references():
            if not tag:
                listed = False
                continue
            tags += 1
            content = self.contents.get((path, tag))
            if content is None:
                measured = False
            else:
                digests.update(content)
        repositories = len(self.repositories) + len(self.tags)
        return Tally(repositories, tags, sum(self.sizes[each] for each in digests), listed, listed and measured)

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
        registry = self.source.address if self.source else ""
        return with_override(rules, registry, path, tag, target, self.listed.get(path, ()))


def with_override(
    rules: tuple[Rule, ...], registry: str, path: str, tag: str, target: str, listed: tuple[str, ...] = ()
) -> tuple[Rule, ...]:
    """Return `rules` with one tag of a repository going to `target` instead.

    A rule that keeps the newest tags is pinned to those of `listed`: without the tag it would take an older one. Where
    only the check finds out which those are, it takes that older one.
    """
    changed: list[Rule] = []
    platforms: tuple[Platform, ...] = ()
    for rule in rules:
        if (rule.source_registry, rule.source_path) != (registry, path):
            changed.append(rule)
            continue
        platforms = rule.platforms
        references = rule.references
        if rule.needs_tags and rule.tags.newest is not None and listed:
            funnel = narrow(rule.tags, listed)
            references = () if funnel.open else funnel.tags
        if not references:
            changed.append(replace(rule, tags=replace(rule.tags, exclude=(*rule.tags.exclude, tag))))
        elif left := tuple(name for name in references if name != tag):
            changed.append(_with_references(rule, left))
    own = Rule(registry, path, target, references=(tag,), platforms=platforms)
    return (*changed, own)


def _with_references(rule: Rule, left: tuple[str, ...]) -> Rule:
    """Return the rule for fewer references, the names at the target still beside theirs."""
    if not rule.references:
        return replace(rule, references=left, tags=EVERY_TAG)
    names = dict(zip(rule.references, rule.target_references, strict=False))
    return replace(rule, references=left, target_references=tuple(names[each] for each in left if each in names))
