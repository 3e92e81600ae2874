"""The YAML files of regsync as plans (regclient's `cmd/regsync`: `config.go`, and `root.go` for what they do)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tui.oci.reference import InvalidReference, Reference, split_registry
from tui.oci.saying import N_, phrase
from tui.plan import re2
from tui.plan.errors import RuleError
from tui.plan.expand import check
from tui.plan.globs import regex_to_glob
from tui.plan.imported import AuthBook, AuthEntry, Hazard, HazardCode, Imported, distinct
from tui.plan.model import Options, Plan, Platform, RepositorySelection, Rule, TagSelection
from tui.plan.nodes import Document, Node
from tui.plan.regsync_terms import allowed, anchored, backup_name, place_of
from tui.plan.versions import parse_range

_TOP = ("version", "creds", "defaults", "sync")
_STEP = ("source", "target", "type", "tags", "tagSets", "repos", "platform", "platforms")
_TAGS = ("allow", "deny", "semverRange")
_LOGIN = ("registry", "user", "pass", "tls")
_HARMLESS = ("referrers", "fastCheck", "forceRecursive")
"""What only says how regsync goes about it, or what a plan does anyway."""
_ENVIRONMENT = re.compile(r"\{\{-?\s*env\s+[\"`](\w+)[\"`]\s*-?\}\}")
_TYPES = ("image", "repository", "registry")


def is_regsync(root: Node) -> bool:
    """Return whether a document looks like one of regsync: a list of steps under `sync`."""
    steps = root.get("sync")
    return steps is not None and steps.kind == "list"


def read_regsync(document: Document, environ: Mapping[str, str]) -> Imported:
    """Return the plan of a file. What a plan cannot say is warned of; a step that would copy more than it should is
    left out. Raises PlanFileError.
    """
    reader = _Reader(document, environ)
    document.mapping(document.root, phrase("the keys {names}", names=", ".join(_TOP)))
    version = document.root.get("version")
    if version is not None and version.text not in ("1", "0"):
        raise document.error(version, phrase("version {text}", text=version.text), N_("version 1"))
    for key, hint in document.unknown(document.root, _TOP):
        if not key.text.startswith("x-"):
            reader.warn("unknown-key", key, phrase("{text!r} means nothing and is left out", text=key.text), hint)
    options = reader.defaults(document.root.get("defaults"))
    steps = document.root.get("sync")
    if steps is None or steps.kind != "list":
        raise document.error(steps or document.root, N_("no steps"), N_("a list under 'sync'"))
    rules = tuple(rule for step in steps.items for rule in reader.step(step))
    reader.logins(document.root.get("creds"))
    return Imported(Plan(document.path.stem, rules, options), AuthBook(tuple(reader.entries)), distinct(reader.hazards))


class _LeftOut(Exception):
    """A step says what a plan cannot."""


class _Reader:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ
        self.entries: list[AuthEntry] = []
        self.hazards: list[Hazard] = []

    def defaults(self, node: Node | None) -> Options:
        options = Options()
        if node is None or node.kind == "null":
            return options
        for key, value in self.document.mapping(node, N_("options by name")):
            if key.text == "backup" and (name := backup_name(self.document.text(value, N_("a name for backups")))):
                options = replace(options, on_conflict="backup", backup=name)
            elif key.text == "parallel":
                if value.kind != "number" or not value.text.isdigit():
                    raise self.document.wrong_kind(value, N_("a whole number"))
                options = replace(options, concurrency=max(int(value.text), 1))
            else:
                self.left_out(key, value, N_("the defaults"))
        return options

    def step(self, step: Node) -> Iterator[Rule]:
        self.document.mapping(step, N_("a step with source, target and type"))
        kind, source, target = (self.required(step, name) for name in ("type", "source", "target"))
        if kind.text not in _TYPES:
            raise self.document.error(
                kind, phrase("the type {text!r}", text=kind.text), phrase("one of {names}", names=", ".join(_TYPES))
            )
        for key, value in step.entries:
            if key.text not in _STEP:
                self.left_out(key, value, N_("the step"))
        try:
            names = (self.expanded(source), self.expanded(target))
            rules = list(self.image(*names) if kind.text == "image" else self.many(step, kind.text, *names))
            platforms = self.platforms(step)
        except _LeftOut as reason:
            message = phrase("the step for {text} is left out: {reason}", text=source.text, reason=reason)
            self.warn("not-expressible", step, message, N_("write a rule for it by hand"))
            return
        except InvalidReference as error:
            raise self.document.error(source, str(error), N_("references that can be read")) from None
        for rule in rules:
            placed = replace(rule, platforms=platforms, origin=self.document.origin(step))
            try:
                check(placed)
            except RuleError as error:
                raise self.document.error(
                    step, error.message, N_("a step that can be carried out"), error.hint
                ) from None
            yield placed

    def image(self, source: str, target: str) -> Iterator[Rule]:
        """Return the rule for one image; a side without a tag means `latest`."""
        one, other = Reference.parse(source), Reference.parse(target)
        name = other.target or "latest"
        plain = f"{other.repository}:{name}" if not other.digest else str(other.repository)
        names = (other.digest,) if other.digest else ()
        yield Rule(one.registry, one.repository.path, plain, (one.target or "latest",), names)

    def many(self, step: Node, kind: str, source: str, target: str) -> Iterator[Rule]:
        sets = []
        if (more := step.get("tagSets")) is not None and more.kind != "null":
            if more.kind != "list":
                raise self.document.wrong_kind(more, N_("a list of tag filters"))
            sets = [self.selection(node) for node in more.items]
        if (tags := step.get("tags")) is not None and tags.kind != "null":
            own = self.selection(tags)
            sets += [own] if own != TagSelection() else []
        selections = list(dict.fromkeys(sets)) or [TagSelection()]
        for rule in self.repositories(step, kind, source, target):
            for selection in selections:
                yield replace(rule, tags=selection)

    def repositories(self, step: Node, kind: str, source: str, target: str) -> list[Rule]:
        """Return the rules for all tags of what a step stands for."""
        if kind == "repository":
            reference = Reference.parse(source)
            return [Rule(reference.registry, reference.repository.path, str(Reference.parse(target).repository))]
        if split_registry(f"{source}/name")[1] != "name":
            raise InvalidReference(phrase("{source!r} is not a registry host", source=source))
        below = f"{target}/{{path}}"
        repos = step.get("repos")
        if repos is None or repos.kind == "null":
            return [Rule(*place_of(f"{source}/*"), below)]
        self.document.mapping(repos, N_("allow and deny"))
        allow, deny = (
            self.expressions(repos.get(name), phrase("a list under {name}", name=name)) for name in ("allow", "deny")
        )
        places = [allowed(source, pattern) for pattern in allow] or [f"{source}/*"]
        if None in places or deny:
            chosen = RepositorySelection(regex=anchored(allow), exclude_regex=anchored(deny))
            return [Rule(*place_of(f"{source}/*"), below, repositories=chosen)]
        return [Rule(*place_of(place), below) for place in places if place is not None]

    def expressions(self, node: Node | None, expected: str) -> list[str]:
        """Return the expressions of a list. Raises PlanFileError for one that is none."""
        items = self.document.texts(node, expected)
        for item in items:
            try:
                re2.compile(f"^{item.text}$")
            except re2.RegexError as error:
                found = phrase("the regular expression {text!r} ({error})", text=item.text, error=error)
                raise self.document.error(item, found, N_("RE2 syntax")) from None
        return [item.text for item in items]

    def selection(self, node: Node) -> TagSelection:
        self.document.mapping(node, N_("allow, deny and semverRange"))
        for key, hint in self.document.unknown(node, _TAGS):
            self.warn("unknown-key", key, phrase("{text!r} means nothing and is left out", text=key.text), hint)
        allow, deny = (self.expressions(node.get(name), phrase("a list under {name}", name=name)) for name in _TAGS[:2])
        ranges = self.document.texts(node.get(_TAGS[2]), phrase("a list under {tags}", tags=_TAGS[2]))
        semver = " || ".join(item.text for item in ranges if item.text)
        if semver:
            try:
                parse_range(semver)
            except ValueError as error:
                raise _LeftOut(str(error)) from None
        globs = [regex_to_glob(pattern) for pattern in deny]
        exclude = tuple(glob for glob in globs if glob is not None)
        beyond = [pattern for pattern, glob in zip(deny, globs, strict=True) if glob is None]
        return TagSelection(exclude=exclude, regex=anchored(allow), exclude_regex=anchored(beyond), semver=semver)

    def platforms(self, step: Node) -> tuple[Platform, ...]:
        nodes = self.document.texts(step.get("platforms"), N_("a list of platforms"))
        one = step.get("platform")
        if one is not None and self.document.text(one, N_("a platform like linux/amd64")):
            nodes = [one]
            message = N_("regsync writes the one platform without a list around it; a plan writes a list of one")
            self.warn("one-platform", one, message)
        found = []
        for node in nodes:
            if node.text == "local":
                raise _LeftOut(N_("a plan does not know which platform is 'local'"))
            try:
                found.append(Platform.parse(node.text))
            except ValueError as error:
                raise self.document.error(node, str(error), N_("a platform like linux/arm64/v8")) from None
        return tuple(found)

    def logins(self, node: Node | None) -> None:
        if node is None or node.kind == "null":
            return
        if node.kind != "list":
            raise self.document.wrong_kind(node, N_("a list of logins"))
        for item in node.items:
            self.document.mapping(item, N_("a login with registry, user and pass"))
            registry = self.secret(item.get("registry"), N_("a registry host"))
            if not registry:
                raise self.document.error(item, N_("a login without 'registry'"), N_("registry: registry.example.com"))
            registry, _ = split_registry(f"{registry}/name")
            for key, hint in self.document.unknown(item, _LOGIN):
                message = phrase(
                    "the login for {registry} has a key that a plan has no place for; it is left out", registry=registry
                )
                self.warn("option-left-out", key, message, hint or N_("set up an endpoint for this registry"))
            user, password = (
                self.secret(item.get(name), phrase("a text for {name}", name=name)) for name in ("user", "pass")
            )
            if bool(user) != bool(password):
                message = phrase(
                    "the login for {registry} has only a user name or only a password and is not used",
                    registry=registry,
                )
                self.warn("auth-incomplete", item, message, N_("give both"))
            tls = self.document.text(item.get("tls"), N_("enabled, insecure or disabled"))
            self.entries.append(AuthEntry(registry, user, password, tls in ("insecure", "disabled")))

    def secret(self, node: Node | None, expected: str) -> str:
        """Return a text of a login; what cannot be expanded is left out, and never quoted."""
        text = self.document.text(node, expected)
        if node is None or "{{" not in text:
            return text
        expanded = _ENVIRONMENT.sub(lambda match: self.environ.get(match[1], ""), text)
        if "{{" in _ENVIRONMENT.sub("", text):
            self.warn("secret-environment", node, N_("a login has a template other than {{env}} and is left out"))
            return ""
        if any(match[1] not in self.environ for match in _ENVIRONMENT.finditer(text)):
            self.warn("secret-environment", node, N_("a login takes an environment variable that is not set"))
        return expanded

    def expanded(self, node: Node) -> str:
        """Return a source or target with the environment put in. Raises _LeftOut for other templates."""
        names = [match[1] for match in _ENVIRONMENT.finditer(node.text)]
        if "{{" in _ENVIRONMENT.sub("", node.text):
            raise _LeftOut(N_("a plan has no templates of that kind"))
        if node.text.startswith("ocidir://"):
            raise _LeftOut(N_("a plan copies between registries, not folders"))
        if names:
            message = phrase("{names} is taken from the environment as it is now", names=", ".join(names))
            self.warn("destination-environment", node, message)
        return _ENVIRONMENT.sub(lambda match: self.environ.get(match[1], ""), node.text)

    def required(self, step: Node, name: str) -> Node:
        node = step.get(name)
        if node is None or not self.document.text(node, phrase("a text for {name}", name=name)):
            raise self.document.error(node or step, phrase("a step without '{name}'", name=name), f"{name}: ...")
        return node

    def left_out(self, key: Node, value: Node, where: str) -> None:
        if key.text not in _HARMLESS and value.kind != "null":
            message = phrase("{text!r} of {where} has no place in a plan and is left out", text=key.text, where=where)
            self.warn("option-left-out", key, message)

    def warn(self, code: HazardCode, node: Node, message: str, hint: str = "") -> None:
        self.hazards.append(Hazard(code, message, self.document.origin(node), hint))
