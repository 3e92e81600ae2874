"""The YAML files of dregsy as plans (its README, and `internal/pkg/sync` and `internal/pkg/tags` for what they do)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui.oci.reference import InvalidReference, Repository, split_registry
from tui.oci.saying import N_, phrase
from tui.plan import re2
from tui.plan.errors import RuleError
from tui.plan.expand import check
from tui.plan.imported import AuthBook, AuthEntry, Hazard, HazardCode, Imported, distinct
from tui.plan.model import Plan, Platform, RepositorySelection, Rule, TagSelection
from tui.plan.nodes import Document, Node
from tui.plan.selection import SelectionError, check_selection

_TOP = ("relay", "skopeo", "docker", "lister", "watch", "api-version", "dockerhost", "tasks")
_TASK = ("name", "interval", "verbose", "source", "target", "mappings")
_SIDE = ("registry", "auth", "skip-tls-verify", "auth-refresh", "lister")
_MAPPING = ("from", "to", "tags", "platform", "digests", "preserve-digests")
_REGEX, _SEMVER, _KEEP = "regex:", "semver:", "keep:"


def is_dregsy(root: Node) -> bool:
    """Return whether a document looks like one of dregsy: a list of tasks, each with mappings."""
    tasks = root.get("tasks")
    return tasks is not None and tasks.kind == "list" and root.get("sync") is None


def read_dregsy(document: Document) -> Imported:
    """Return the plan of a file. What a plan cannot say is warned of; a mapping that would copy something else is left
    out. Raises PlanFileError.
    """
    reader = _Reader(document)
    reader.unknown(document.root, _TOP, N_("the file"))
    for name in ("skopeo", "docker", "lister"):
        if (node := document.root.get(name)) is not None and node.kind != "null":
            reader.warn("option-left-out", node, phrase("{name!r} has no place in a plan and is left out", name=name))
    tasks = document.root.get("tasks")
    if tasks is None or tasks.kind != "list":
        raise document.error(tasks or document.root, N_("no tasks"), N_("a list under 'tasks'"))
    rules = tuple(rule for task in tasks.items for rule in reader.task(task))
    return Imported(Plan(document.path.stem, rules), AuthBook(tuple(reader.entries)), distinct(reader.hazards))


class _LeftOut(Exception):
    """A mapping says what a plan cannot."""


@dataclass(frozen=True, slots=True)
class _Way:
    """From registry to registry."""

    source: str
    target: str


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.entries: list[AuthEntry] = []
        self.hazards: list[Hazard] = []

    def task(self, task: Node) -> Iterator[Rule]:
        self.document.mapping(task, N_("a task with name, source, target and mappings"))
        self.unknown(task, _TASK, N_("the task"))
        if (interval := task.get("interval")) is not None and interval.kind != "null":
            message = N_("'interval' of the task is left out: a plan runs once")
            self.warn("option-left-out", interval, message, N_("repeat it with a timer"))
        way = _Way(*(self.side(task, name) for name in ("source", "target")))
        mappings = task.get("mappings")
        if mappings is None or mappings.kind != "list":
            raise self.document.error(mappings or task, N_("no mappings"), N_("a list under 'mappings'"))
        for mapping in mappings.items:
            try:
                yield from self.mapping(way, mapping)
            except _LeftOut as reason:
                message = phrase("the mapping is left out: {reason}", reason=reason)
                self.warn("not-expressible", mapping, message, N_("write a rule for it by hand"))

    def side(self, task: Node, name: str) -> str:
        """Return the registry of a side, noting its login."""
        node = task.get(name)
        if node is None:
            raise self.document.error(
                task, phrase("a task without '{name}'", name=name), phrase("{name}: {{registry: ...}}", name=name)
            )
        self.document.mapping(node, phrase("a {name} with a registry", name=name))
        self.unknown(node, _SIDE, phrase("the {name}", name=name))
        registry = self.document.text(node.get("registry"), N_("a registry host"))
        if not registry or split_registry(f"{registry}/name")[1] != "name":
            raise self.document.error(
                node, phrase("a {name} without a registry host", name=name), N_("registry: registry.example.com")
            )
        for left in ("auth-refresh", "lister"):
            if (value := node.get(left)) is not None:
                self.warn(
                    "option-left-out",
                    value,
                    phrase("{left!r} of the {name} has no place in a plan and is left out", left=left, name=name),
                )
        username, password = self.login(node.get("auth"), registry)
        insecure = self.document.flag(node.get("skip-tls-verify")) or False
        if username or password or insecure:
            self.entries.append(AuthEntry(registry, username, password, insecure))
        return registry

    def login(self, node: Node | None, registry: str) -> tuple[str, str]:
        """Return user name and password; what cannot be read is left out, and never quoted."""
        text = self.document.text(node, N_("a login in base64"))
        if node is None or text in ("", "none"):
            return "", ""
        try:
            login = json.loads(base64.b64decode(text, validate=True))
            return str(login["username"]), str(login["password"])
        except (binascii.Error, ValueError, KeyError, TypeError):
            message = phrase(
                "the login for {registry} is no JSON with username and password in base64 and is not used",
                registry=registry,
            )
            self.warn("auth-incomplete", node, message)
            return "", ""

    def mapping(self, way: _Way, mapping: Node) -> Iterator[Rule]:
        self.document.mapping(mapping, N_("a mapping with from and to"))
        self.unknown(mapping, _MAPPING, N_("the mapping"))
        origin = self.document.origin(mapping)
        blank = replace(self.blank(way, mapping), platforms=self.platforms(mapping), origin=origin)
        for rule in self.selected(blank, mapping):
            try:
                check_selection(rule.tags)
                check(rule)
            except (RuleError, SelectionError) as error:
                hint = getattr(error, "hint", "")
                raise self.document.error(mapping, str(error), N_("a mapping that can be carried out"), hint) from None
            yield rule

    def blank(self, way: _Way, mapping: Node) -> Rule:
        """Return the rule for all tags."""
        source = self.document.text(mapping.get("from"), N_("a path, or a regular expression after 'regex:'"))
        target = self.document.text(mapping.get("to"), N_("a path"))
        if not source:
            raise self.document.error(mapping, N_("a mapping without 'from'"), N_("from: project/name"))
        if target.startswith(_REGEX):
            raise _LeftOut(N_("a plan cannot make names with a regular expression"))
        below = f"{way.target}/{target.strip('/')}".rstrip("/")
        if source.startswith(_REGEX):
            expression = self.expression(mapping, source.removeprefix(_REGEX))
            chosen = RepositorySelection(regex=expression)
            return Rule(way.source, "*", f"{below}/{{path}}", repositories=chosen)
        try:
            repository = Repository.parse(f"{way.source}/{source.strip('/')}")
        except InvalidReference as error:
            raise self.document.error(mapping, str(error), N_("a path like project/name")) from None
        return Rule(repository.registry, repository.path, below if target else f"{below}/{source.strip('/')}")

    def selected(self, blank: Rule, mapping: Node) -> Iterator[Rule]:
        """Yield a rule for each kind of filter: dregsy takes a tag when one of them does, and all of `keep`."""
        tags = [node.text for node in self.document.texts(mapping.get("tags"), N_("a list of tags and filters"))]
        digests = [node.text for node in self.document.texts(mapping.get("digests"), N_("a list of digests"))]
        ranges = [tag.removeprefix(_SEMVER).strip() for tag in tags if tag.startswith(_SEMVER)]
        regexes = [tag.removeprefix(_REGEX).strip() for tag in tags if tag.startswith(_REGEX)]
        keep = [tag.removeprefix(_KEEP).strip() for tag in tags if tag.startswith(_KEEP)]
        names = [tag for tag in tags if not tag.startswith((_SEMVER, _REGEX, _KEEP))]
        base = self.kept(mapping, keep)
        if names or digests:
            yield self.named(blank, base, names, digests)
        if ranges:
            yield replace(blank, tags=replace(base, semver=" || ".join(ranges)))
        positive = [self.expression(mapping, text) for text in regexes if not text.startswith("!")]
        if positive:
            if base.regex:
                raise _LeftOut(N_("a plan has one regular expression for the tags to take, and 'keep' is a second one"))
            yield replace(blank, tags=replace(base, regex="|".join(positive)))
        for text in regexes:
            if text.startswith("!"):
                if base.exclude_regex:
                    raise _LeftOut(N_("a plan has one regular expression for the tags to leave out"))
                yield replace(blank, tags=replace(base, exclude_regex=self.expression(mapping, text[1:])))
        if not (names or digests or ranges or regexes):
            yield replace(blank, tags=base)

    def named(self, blank: Rule, base: TagSelection, names: list[str], digests: list[str]) -> Rule:
        if blank.is_pattern:
            if digests:
                raise _LeftOut(N_("a plan names digests of one repository only"))
            return replace(blank, tags=replace(base, include=tuple(names)))
        passing = [
            name
            for name in names
            if (not base.regex or re2.compile(base.regex).search(name))
            and not (base.exclude_regex and re2.compile(base.exclude_regex).search(name))
        ]
        if not passing and not digests:
            raise _LeftOut(N_("'keep' leaves none of the tags"))
        return replace(blank, references=(*passing, *digests))

    def kept(self, mapping: Node, keep: list[str]) -> TagSelection:
        """Return the selection that every tag has to pass."""
        positive = [self.expression(mapping, text) for text in keep if not text.startswith("!")]
        negative = [self.expression(mapping, text[1:]) for text in keep if text.startswith("!")]
        if len(positive) > 1:
            raise _LeftOut(N_("a plan has one regular expression for the tags to keep"))
        return TagSelection(regex="".join(positive), exclude_regex="|".join(negative))

    def expression(self, node: Node, text: str) -> str:
        """Return an expression with the `^` and `$` dregsy puts around it. Raises PlanFileError."""
        text = text.strip()
        closed = f"{'' if text.startswith('^') else '^'}{text}{'' if text.endswith('$') else '$'}"
        try:
            re2.compile(closed)
        except re2.RegexError as error:
            raise self.document.error(
                node, phrase("the regular expression {text!r} ({error})", text=text, error=error), N_("RE2 syntax")
            ) from None
        return closed if "|" not in closed else f"(?:{closed})"

    def platforms(self, mapping: Node) -> tuple[Platform, ...]:
        node = mapping.get("platform")
        text = self.document.text(node, N_("a platform like linux/amd64, or all"))
        if text == "all":
            return ()
        if node is None or not text:
            message = N_(
                "dregsy copies this machine's platform of a list unless it says 'platform: all'; a plan copies all"
            )
            self.warn("one-platform", mapping, message, N_("add platforms to the rule to copy fewer"))
            return ()
        message = N_("dregsy writes the one platform without a list around it; a plan writes a list of one")
        self.warn("one-platform", node, message)
        try:
            return (Platform.parse(text),)
        except ValueError as error:
            raise self.document.error(node, str(error), N_("a platform like linux/arm64/v8")) from None

    def unknown(self, node: Node, known: tuple[str, ...], where: str) -> None:
        self.document.mapping(node, N_("keys and values"))
        for key, hint in self.document.unknown(node, known):
            self.warn(
                "unknown-key",
                key,
                phrase("{text!r} of {where} means nothing and is left out", text=key.text, where=where),
                hint,
            )

    def warn(self, code: HazardCode, node: Node, message: str, hint: str = "") -> None:
        self.hazards.append(Hazard(code, message, self.document.origin(node), hint))
