"""The plan in the making: where the selection goes, under which names, and how. Pure; knows nothing of screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tui.app.basket import Basket, with_override
from tui.endpoints.model import Endpoint
from tui.oci.reference import Reference, Repository
from tui.plan import naming
from tui.plan.model import ArtifactSelection, Options, Plan, Platform, Rule
from tui.plan.replication import Replication

KEEP_PATH = "{path}"
THROUGHPUT = 20_000_000
"""Bytes per second that a rough time assumes as long as nobody says otherwise."""


@dataclass(slots=True)
class Draft:
    """A plan as it is being made, from the basket or from a file that was opened (`opened`, with its `path`).

    `names` is the template of repository and tag at `target`; `overrides` are whole targets of single references, by
    source path and tag. `platforms` and `artifacts` replace those of an opened file's rules when they are not empty.
    With `replication` a Harbor moves the bytes.
    """

    target: Endpoint | None = None
    names: str = KEEP_PATH
    options: Options = field(default_factory=Options)
    platforms: tuple[Platform, ...] = ()
    artifacts: ArtifactSelection = field(default_factory=ArtifactSelection)
    overrides: dict[tuple[str, str], str] = field(default_factory=dict)
    replication: Replication | None = None
    throughput: int = THROUGHPUT
    opened: Plan | None = None
    path: Path | None = None

    @property
    def template(self) -> str:
        """The target of every rule, with the registry; '' as long as there is no target."""
        return f"{self.target.address}/{self.names}" if self.target else ""

    def open(self, plan: Plan, path: Path) -> None:
        """Take a plan from a file in the place of the basket."""
        self.opened, self.path, self.options, self.replication = plan, path, plan.options, plan.replication
        self.platforms, self.artifacts = (), ArtifactSelection()
        self.overrides.clear()

    def close_file(self) -> None:
        """Go back to the basket."""
        if self.opened is not None:
            self.replication = None
        self.opened = self.path = None
        self.overrides.clear()

    def target_of(self, basket: Basket, path: str, tag: str) -> Reference:
        """Return where one selected tag goes. Raises TemplateError, or InvalidReference for an override."""
        if own := self.overrides.get((path, tag)):
            return Reference.parse(own)
        assert basket.source is not None
        return naming.render_target(self.template, Repository(basket.source.address, path), tag)

    def plan(self, basket: Basket) -> Plan:
        """Return the plan as it stands."""
        rules = self.opened.rules if self.opened is not None else basket.rules(self.template)
        if self.platforms:
            rules = tuple(replace(rule, platforms=self.platforms) for rule in rules)
        if self.artifacts != ArtifactSelection():
            rules = tuple(replace(rule, artifacts=self.artifacts) for rule in rules)
        for (path, tag), target in self.overrides.items():
            if self.opened is None and not basket.covers(path, tag):
                continue
            rules = with_override(rules, _registry_of(rules, path), path, tag, target, basket.listed.get(path, ()))
        replication = self._still_there(rules)
        if self.opened is not None:  # what the file says besides stays as it is
            return replace(self.opened, rules=rules, options=self.options, replication=replication)
        return Plan(_name(basket.source, self.target), rules, self.options, replication)

    def _still_there(self, rules: Sequence[Rule]) -> Replication | None:
        """Return the replication as long as its Harbor is at one side of a rule."""
        sides = {side for rule in rules for side in (rule.source_registry, target_registry(rule))}
        how = self.replication
        return how if how is not None and (not how.harbor or how.harbor in sides) else None

    def preview(self, basket: Basket) -> list[tuple[str, str]]:
        """Return path and tag of every reference known before generate; the tag is '' where a rule finds them."""
        if self.opened is None:
            return list(basket.references())
        return [(rule.source_path, tag) for rule in self.opened.rules for tag in (rule.references or ("",))]

    def seconds(self, to_move: int, tasks: int) -> float:
        """Return roughly how long it takes: the bytes at the assumed throughput, and a fifth of a second for each
        task.
        """
        return to_move / max(1, self.throughput) + 0.2 * tasks / max(1, self.options.concurrency)


def endpoint_at(endpoints: Sequence[Endpoint], registries: Sequence[str]) -> Endpoint | None:
    """Return the endpoint for all of `registries`; None when they differ, or none of ours has that address."""
    if len(set(registries)) != 1:
        return None
    return next((each for each in endpoints if each.address == registries[0]), None)


def target_registry(rule: Rule) -> str:
    """Return the registry a rule's template names, '' when it depends on the source."""
    return naming.registry_of(rule.target)


def _registry_of(rules: Sequence[Rule], path: str) -> str:
    return next((rule.source_registry for rule in rules if rule.source_path == path), "")


def _name(source: Endpoint | None, target: Endpoint | None) -> str:
    return f"{source.name if source else ''} to {target.name if target else ''}".strip()
