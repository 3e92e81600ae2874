"""What goes where, before anything was asked of a registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.app.basket import Basket
from tui.app.draft import Draft
from tui.app.i18n import _, said
from tui.app.widgets.row_source import Key, Row
from tui.oci.reference import InvalidReference, Reference, Repository
from tui.plan.errors import RuleError
from tui.plan.expand import expand
from tui.plan.model import Rule
from tui.plan.naming import TemplateError

TargetError = (TemplateError, InvalidReference, RuleError)


class Place(NamedTuple):
    """One row: its rule (-1 for the basket), the source path, and tag or digest ('' when found later)."""

    rule: int
    path: str
    tag: str


class Names(NamedTuple):
    """What is wrong with the names at the target: how many cannot be, the first reason, and tags written twice."""

    impossible: int
    reason: str
    clashes: int
    clash: str


class Preview:
    """The rows of a draft. Made anew when basket or file changed; targets are those of the draft as it is now."""

    def __init__(self, draft: Draft, basket: Basket) -> None:
        self._draft = draft
        self._basket = basket
        rules = draft.opened.rules if draft.opened is not None else ()
        registries = {rule.source_registry for rule in rules}
        self._registry = basket.source.address if basket.source and draft.opened is None else ""
        if len(registries) == 1:
            self._registry = registries.pop()
        self.places: list[Place] = [Place(-1, path, tag) for path, tag in basket.references()] if not rules else []
        for number, rule in enumerate(rules):
            self.places += [Place(number, rule.source_path, tag) for tag in rule.references or ("",)]

    def source(self, place: Place) -> str:
        """Return the full source."""
        registry = self._rule(place).source_registry if place.rule >= 0 else self._registry
        return f"{registry}/{place.path}{_suffix(place.tag)}"

    def target(self, place: Place) -> str:
        """Return the full target. Raises one of TargetError."""
        own = self._draft.overrides.get((place.path, place.tag))
        if own:
            return str(Reference.parse(own))
        if place.rule >= 0:
            return _target_of_rule(self._rule(place), place)
        if not self._draft.target:
            raise TemplateError(_("choose a target first (t)"))
        if not place.tag:
            return str(self._draft.target_of(self._basket, place.path, "tag")).removesuffix(":tag")
        return str(self._draft.target_of(self._basket, place.path, place.tag))

    def row(self, key: Key) -> Row:
        """Return the row of a place, without the registries that stand above the table."""
        assert isinstance(key, Place)
        target: str | Exception
        try:
            target = self.target(key)
            if self._draft.target is not None:
                target = target.removeprefix(f"{self._draft.target.address}/")
        except TargetError as error:
            target = error
        note = "" if key.tag else _("tags are found by the check")
        if (key.path, key.tag) in self._draft.overrides:
            note = _("edited")
        return (self.source(key).removeprefix(f"{self._registry}/"), target, "unchecked", self._size(key), note)

    def names(self) -> Names:
        """Go through all targets; may take a while for many, and only reads."""
        impossible, reason, clashes, clash = 0, "", 0, ""
        written: dict[str, str] = {}
        for place in self.places:
            try:
                target = self.target(place)
            except TargetError as error:
                impossible += 1
                reason = reason or said(str(error))
                continue
            source = self.source(place)
            if place.tag and written.setdefault(target, source) != source:
                clashes += 1
                clash = clash or target
        return Names(impossible, reason, clashes, clash)

    def targets(self, most: int = 2000) -> list[Repository]:
        """Return the repositories written to, each once, of the first rows."""
        found: dict[Repository, None] = {}
        for place in self.places[:most]:
            try:
                found[Reference.parse(self.target(place)).repository] = None
            except TargetError:
                continue
        return list(found)

    def _rule(self, place: Place) -> Rule:
        assert self._draft.opened is not None
        return self._draft.opened.rules[place.rule]

    def _size(self, place: Place) -> int | None:
        content: Sequence[str] | None = self._basket.contents.get((place.path, place.tag))
        if content is None or place.rule >= 0:
            return None
        return sum(self._basket.sizes[digest] for digest in content)


def _target_of_rule(rule: Rule, place: Place) -> str:
    if rule.is_pattern or not place.tag:
        return rule.target
    pairs = expand(rule, rule.source, ())
    return str(pairs[rule.references.index(place.tag)].target)


def _suffix(tag: str) -> str:
    return ("@" if ":" in tag else ":") + tag if tag else ""
