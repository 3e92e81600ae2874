"""The plan file: TOML, version 1, as people write it and as we write it.

version = 1
name = "harbor-to-acr"
[options]                      # optional; concurrency, retries, on_conflict, referrers, force
concurrency = 10
[replication]                  # optional: a Harbor moves the bytes; the fields of tui.plan.replication
harbor = "harbor.example.com"
[mirror]                       # optional; fields of tui.plan.mirror.settings.Mirror
protect = ["latest", "mirror/base:*", "/^release-/"]
[notify]                       # optional; fields of tui.plan.notify.Notify
url_env = "REGFERRY_NOTIFY_URL"
[[rule]]
source = "harbor.example.com/library/nginx"    # repository, project/*, registry/*, or one tag or digest
target = "registry.cn-beijing.aliyuncs.com/image-syncer/{name}"
references = ["1.27", "1.28"]                  # instead of one in the source, and
target_references = ["old", "new"]             # their names at the target
tags = { include = ["1.*"], exclude = ["*-rc*"], regex = "", semver = ">=1.20", newest = 5 }
platforms = ["linux/amd64", "linux/arm64/v8"]
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from tui.plan.errors import PlanFileError, RuleError
from tui.plan.expand import check
from tui.plan.mirror.settings import Mirror, check_pattern
from tui.plan.model import OnConflict, Options, Plan, Platform, Rule, TagSelection
from tui.plan.naming import check_template
from tui.plan.notify import OCCASIONS, SHAPES, Notify, check_notify
from tui.plan.replication import RESOURCES, TRIGGERS, Replication, table_of
from tui.plan.rule_text import make_rule, source_text
from tui.plan.selection import check_selection
from tui.plan.text_file import read_text, write_text
from tui.plan.toml_places import place

VERSION = 1

_PLAN_KEYS = ("version", "name", "options", "replication", "mirror", "notify", "rule")
_RULE_KEYS = ("source", "target", "references", "target_references", "tags", "platforms")
_KINDS = {str: "a string", bool: "true or false", int: "a whole number", list: "a list of strings", dict: "a table"}
_SYNTAX = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)

Keys = tuple[str | int, ...]
_Table = Options | TagSelection | Replication | Mirror | Notify
_T = TypeVar("_T")
_V = TypeVar("_V")


def load_plan(path: Path) -> Plan:
    """Return the plan in a file; without a name in it, it is called after the file.

    Raises PlanFileError for the first thing that is wrong, with its place.
    """
    return parse_plan(read_text(path), path)


def parse_plan(text: str, path: Path) -> Plan:
    """Return the plan that a text says; `path` is for messages and the name. Raises PlanFileError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, path, error) from None
    return _Reader(path, text).plan(document)


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan to a file in one step. Raises OSError."""
    write_text(path, format_plan(plan))


def format_plan(plan: Plan) -> str:
    """Return the text of the plan file; what is as by default is left out."""
    import tomli_w

    document: dict[str, Any] = {"version": VERSION, "name": plan.name}
    if options := _changed(plan.options, Options()):
        document["options"] = options
    if plan.replication is not None:
        document["replication"] = table_of(plan.replication)
    for key, table, usual in (("mirror", plan.mirror, Mirror()), ("notify", plan.notify, Notify())):
        if changed := _changed(table, usual):
            document[key] = changed
    if plan.rules:
        document["rule"] = [_rule_table(rule) for rule in plan.rules]
    return tomli_w.dumps(document)


def _rule_table(rule: Rule) -> dict[str, Any]:
    source, references = source_text(rule)
    table = {
        "source": source,
        "target": rule.target,
        "references": list(references),
        "target_references": list(rule.target_references),
        "platforms": [str(platform) for platform in rule.platforms],
        "tags": _changed(rule.tags, TagSelection()),
    }
    return {key: value for key, value in table.items() if value}


def _changed(value: _Table, default: _Table) -> dict[str, Any]:
    usual = asdict(default)
    return {key: have for key, have in asdict(value).items() if have != usual[key]}


class _Reader:
    """Takes a document apart, with the place of everything it objects to."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def plan(self, document: Mapping[str, Any]) -> Plan:
        self.known(document, (), _PLAN_KEYS)
        version = self.get(document, (), "version", int)
        if version is None:
            raise self.error((), "no 'version'", f"version = {VERSION} at the top")
        if version != VERSION:
            expected = f"version = {VERSION}"
            raise self.error(("version",), f"version {version}", expected, "a newer regferry may read this file")
        name = self.get(document, (), "name", str)
        options = self.options(self.get(document, (), "options", dict) or {})
        rules = document.get("rule", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise self.error(("rule",), _describe(rules), "tables under [[rule]]", "write [[rule]] above each rule")
        return Plan(
            self.path.stem if name is None else name,
            tuple(self.rule(rule, index) for index, rule in enumerate(rules)),
            options,
            self.replication(self.get(document, (), "replication", dict)),
            self.mirror(self.get(document, (), "mirror", dict) or {}),
            self.notify(self.get(document, (), "notify", dict) or {}),
        )

    def replication(self, table: Mapping[str, Any] | None) -> Replication | None:
        keys: Keys = ("replication",)
        if table is None:
            return None
        found = Replication(**self.values(table, keys, Replication))
        for name, allowed in (("trigger", TRIGGERS), ("resource", RESOURCES)):
            if getattr(found, name) not in allowed:
                raise self.choice((*keys, name), getattr(found, name), allowed)
        if found.speed < 0:
            raise self.error((*keys, "speed"), f"speed = {found.speed}", "at least 0")
        return found

    def options(self, table: Mapping[str, Any]) -> Options:
        keys: Keys = ("options",)
        options = Options(**self.values(table, keys, Options))
        if options.on_conflict not in get_args(OnConflict):
            raise self.choice((*keys, "on_conflict"), options.on_conflict, get_args(OnConflict))
        for name, least in (("concurrency", 1), ("retries", 0), ("limit_rate", 0), ("limit_requests", 0)):
            if (value := getattr(options, name)) < least:
                raise self.error((*keys, name), f"{name} = {value}", f"at least {least}")
        return options

    def mirror(self, table: Mapping[str, Any]) -> Mirror:
        keys: Keys = ("mirror",)
        mirror = Mirror(**self.values(table, keys, Mirror))
        for pattern in mirror.protect:
            self.valid((*keys, "protect"), pattern, "a glob, or a regular expression between slashes", check_pattern)
        for name in ("max_count", "max_percent"):
            if (value := getattr(mirror, name)) < 0:
                raise self.error((*keys, name), f"{name} = {value}", "at least 0")
        return mirror

    def notify(self, table: Mapping[str, Any]) -> Notify:
        keys: Keys = ("notify",)
        notify = Notify(**self.values(table, keys, Notify))
        for name, allowed in (("shape", SHAPES), ("on", OCCASIONS)):
            if (value := getattr(notify, name)) not in allowed:
                raise self.choice((*keys, name), value, allowed)
        return self.valid(keys, notify, "settings that go together", check_notify)

    def values(self, table: Mapping[str, Any], keys: Keys, kind: type[_Table]) -> dict[str, Any]:
        """Return what a table says of the fields of `kind`, each as the type of its default."""
        known = fields(kind)
        self.known(table, keys, [field.name for field in known])
        values: dict[str, Any] = {}
        for field in known:
            if isinstance(field.default, tuple):
                values[field.name] = tuple(self.strings(table, keys, field.name))
            elif (value := self.get(table, keys, field.name, cast("type[Any]", type(field.default)))) is not None:
                values[field.name] = value
        return values

    def rule(self, table: Mapping[str, Any], index: int) -> Rule:
        keys: Keys = ("rule", index)
        self.known(table, keys, _RULE_KEYS)
        source, target = (self.required(table, keys, key) for key in ("source", "target"))
        selection = self.selection(self.get(table, keys, "tags", dict) or {}, (*keys, "tags"))
        platforms = [
            self.valid((*keys, "platforms"), text, "a platform like 'linux/arm64/v8'", Platform.parse)
            for text in self.strings(table, keys, "platforms")
        ]
        self.valid((*keys, "target"), target, "a target like 'acr.example.com/mirror/{name}'", check_template)
        line, _ = place(self.text, keys)

        def rule_of(source: str) -> Rule:
            return make_rule(
                source,
                target,
                references=self.strings(table, keys, "references"),
                target_references=self.strings(table, keys, "target_references"),
                tags=selection,
                platforms=platforms,
                origin=f"{self.path.name}:{line}",
            )

        expected = "a source like 'harbor.example.com/library/nginx' or 'harbor.example.com/library/*'"
        rule = self.valid((*keys, "source"), source, expected, rule_of)
        try:
            check(rule)
        except RuleError as error:
            raise self.error(keys, error.message, "a rule that can be carried out", error.hint) from None
        return rule

    def selection(self, table: Mapping[str, Any], keys: Keys) -> TagSelection:
        self.known(table, keys, [field.name for field in fields(TagSelection)])
        selection = TagSelection(
            tuple(self.strings(table, keys, "include")),
            tuple(self.strings(table, keys, "exclude")),
            self.get(table, keys, "regex", str) or "",
            self.get(table, keys, "semver", str) or "",
            self.get(table, keys, "newest", int),
        )
        self.valid(keys, selection, "a selection that can be applied", check_selection)
        return selection

    def known(self, table: Mapping[str, Any], keys: Keys, allowed: Sequence[str]) -> None:
        """Raise for a key that means nothing here: a typing error would otherwise change what is copied."""
        for key in table:
            if key not in allowed:
                raise self.choice((*keys, key), key, allowed, what="the unknown key ")

    def required(self, table: Mapping[str, Any], keys: Keys, key: str) -> str:
        value = self.get(table, keys, key, str)
        if value is None:
            raise self.error(keys, f"a {keys[0]} without '{key}'", f'{key} = "..."')
        return value

    def get(self, table: Mapping[str, Any], keys: Keys, key: str, kind: type[_T]) -> _T | None:
        """Return the value of a key, None when it is not there."""
        value = table.get(key)
        if value is None:
            return None
        if type(value) is not kind:
            raise self.error((*keys, key), f"{key} = {_describe(value)}", _KINDS[kind])
        return value

    def strings(self, table: Mapping[str, Any], keys: Keys, key: str) -> list[str]:
        values: list[Any] = self.get(table, keys, key, list) or []
        for value in values:
            if not isinstance(value, str):
                raise self.error((*keys, key), f"{_describe(value)} in {key}", _KINDS[list])
        return values

    def valid(self, keys: Keys, value: _V, expected: str, make: Callable[[_V], _T]) -> _T:
        """Return `make(value)`; what it raises is said with the place of the value."""
        try:
            return make(value)
        except PlanFileError:
            raise
        except ValueError as error:
            raise self.error(keys, str(error), expected, value=value) from None

    def choice(self, keys: Keys, found: str, allowed: Sequence[str], what: str = "") -> PlanFileError:
        near = difflib.get_close_matches(found, allowed, 1)
        hint = f"did you mean '{near[0]}'?" if near else ""
        return self.error(keys, f"{what}'{found}'", "one of " + ", ".join(allowed), hint)

    def error(self, keys: Keys, found: str, expected: str, hint: str = "", value: object = None) -> PlanFileError:
        line, column = place(self.text, keys, value) if keys else (1, 1)
        return PlanFileError(self.path, line, column, found, expected, hint)


def _describe(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return f"{str(value).lower() if isinstance(value, bool) else repr(value)}"


def _syntax_error(text: str, path: Path, error: tomllib.TOMLDecodeError) -> PlanFileError:
    match = _SYNTAX.fullmatch(str(error))
    what, line, column = match.group("what", "line", "column") if match else (str(error), None, None)
    last = text.rstrip("\n").split("\n")
    place = (int(line), int(column)) if line and column else (len(last), len(last[-1]) + 1)
    if what.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return PlanFileError(path, *place, "a key that is there already", "each key once", "remove one of the two")
    return PlanFileError(path, *place, f"no TOML ({what})", "TOML", 'quote text with "..."; lists are [...]')
