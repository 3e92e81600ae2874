"""The plan file: TOML, version 1, as people write it and as we write it.

version = 1
name = "harbor-to-acr"
[options]                      # optional; concurrency, retries, referrers, force, limit_rate, limit_requests, and
concurrency = 10
check_referrers = true         # look for what was attached to images that are unchanged, one question for each
create_missing = true          # projects and namespaces that the target lacks
on_conflict = "backup"         # or "overwrite", "skip", "fail": a tag that is there with other content
backup = "{tag}-before-{date}" # its name then; {tag} {date} {time} {digest}
on_drift = "latest"            # or "keep", "fail": a tag that moved at the source between generate and execute
order = "oldest-first"         # or "version", "any": how the tags of one target repository are written
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
platforms = ["linux/amd64", "linux/arm64/v8"]
tags = { include = ["1.*"], exclude = ["*-rc*"], regex = "", exclude_regex = "", semver = ">=1.20", newest = 5,
  newest_by = "time", newer_than = "90d", labels = ["prod"], exclude_labels = ["broken"] }    # on one line
repositories = { include = ["library/*"], exclude = ["*/test-*"], regex = "", exclude_regex = "" }    # of a project/*
artifacts = { include = ["image", "signature"], exclude = ["application/spdx*"] }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from tui.oci.place import absolute_path
from tui.oci.saying import N_, phrase
from tui.plan.backups import check_backup
from tui.plan.errors import PlanFileError, RuleError
from tui.plan.expand import check
from tui.plan.mirror.settings import Mirror, check_pattern
from tui.plan.model import (
    CHOICES,
    SMALLEST_PART,
    ArtifactSelection,
    NewestBy,
    Options,
    Plan,
    Platform,
    RepositorySelection,
    Rule,
    TagSelection,
)
from tui.plan.naming import check_template
from tui.plan.notify import OCCASIONS, SHAPES, Notify, check_notify
from tui.plan.replication import RESOURCES, TRIGGERS, Replication, table_of
from tui.plan.rule_text import make_rule, source_text
from tui.plan.selection import check_selection
from tui.plan.text_file import read_text, write_text
from tui.plan.toml_places import place
from tui.plan.toml_reader import Keys, TableReader, describe

VERSION = 1

_PLAN_KEYS = ("version", "name", "options", "replication", "mirror", "notify", "rule")
_RULE_KEYS = (
    "source",
    "target",
    "references",
    "target_references",
    "tags",
    "platforms",
    "repositories",
    "artifacts",
)
_SYNTAX = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)

_Table = Options | TagSelection | RepositorySelection | ArtifactSelection | Replication | Mirror | Notify
_Chosen = TypeVar("_Chosen", RepositorySelection, ArtifactSelection)


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
        "repositories": _changed(rule.repositories, RepositorySelection()),
        "artifacts": _changed(rule.artifacts, ArtifactSelection()),
    }
    return {key: value for key, value in table.items() if value}


def _changed(value: _Table, default: _Table) -> dict[str, Any]:
    usual = asdict(default)
    return {key: have for key, have in asdict(value).items() if have != usual[key]}


class _Reader(TableReader):
    """Takes a plan apart."""

    def plan(self, document: Mapping[str, Any]) -> Plan:
        self.known(document, (), _PLAN_KEYS)
        version = self.get(document, (), "version", int)
        if version is None:
            raise self.error((), N_("no 'version'"), phrase("version = {version} at the top", version=VERSION))
        if version != VERSION:
            expected = phrase("version = {version}", version=VERSION)
            raise self.error(
                ("version",),
                phrase("version {version}", version=version),
                expected,
                N_("a newer regferry may read this file"),
            )
        name = self.get(document, (), "name", str)
        options = self.options(self.get(document, (), "options", dict) or {})
        rules = document.get("rule", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise self.error(
                ("rule",), describe(rules), N_("tables under [[rule]]"), N_("write [[rule]] above each rule")
            )
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
            raise self.error((*keys, "speed"), phrase("speed = {speed}", speed=found.speed), N_("at least 0"))
        return found

    def options(self, table: Mapping[str, Any]) -> Options:
        keys: Keys = ("options",)
        options = Options(**self.values(table, keys, Options))
        expected = N_("the path of an earlier export")
        earlier = (self.valid((*keys, "since"), text, expected, absolute_path) for text in options.since)
        options = replace(options, since=tuple(earlier))
        for name, words in CHOICES.items():
            if (word := getattr(options, name)) not in words:
                raise self.choice((*keys, name), word, words)
        self.valid((*keys, "backup"), options.backup, N_("a name like '{tag}-before-{date}'"), check_backup)
        for name, least in (("concurrency", 1), ("retries", 0), ("limit_rate", 0), ("limit_requests", 0)):
            if (value := getattr(options, name)) < least:
                raise self.error((*keys, name), f"{name} = {value}", phrase("at least {least}", least=least))
        if options.split and options.split < SMALLEST_PART:
            raise self.error(
                (*keys, "split"),
                phrase("split = {split}", split=options.split),
                phrase("at least {smallest_part} bytes, or 0", smallest_part=SMALLEST_PART),
            )
        return options

    def mirror(self, table: Mapping[str, Any]) -> Mirror:
        keys: Keys = ("mirror",)
        mirror = Mirror(**self.values(table, keys, Mirror))
        for pattern in mirror.protect:
            self.valid(
                (*keys, "protect"), pattern, N_("a glob, or a regular expression between slashes"), check_pattern
            )
        for name in ("max_count", "max_percent"):
            if (value := getattr(mirror, name)) < 0:
                raise self.error((*keys, name), f"{name} = {value}", N_("at least 0"))
        return mirror

    def notify(self, table: Mapping[str, Any]) -> Notify:
        keys: Keys = ("notify",)
        notify = Notify(**self.values(table, keys, Notify))
        for name, allowed in (("shape", SHAPES), ("on", OCCASIONS)):
            if (value := getattr(notify, name)) not in allowed:
                raise self.choice((*keys, name), value, allowed)
        return self.valid(keys, notify, N_("settings that go together"), check_notify)

    def rule(self, table: Mapping[str, Any], index: int) -> Rule:
        keys: Keys = ("rule", index)
        self.known(table, keys, _RULE_KEYS)
        source, target = (self.required(table, keys, key) for key in ("source", "target"))
        tags = self.selection(self.get(table, keys, "tags", dict) or {}, (*keys, "tags"))
        repositories = self.chosen(table, keys, "repositories", RepositorySelection)
        artifacts = self.chosen(table, keys, "artifacts", ArtifactSelection)
        platforms = [
            self.valid((*keys, "platforms"), text, N_("a platform like 'linux/arm64/v8'"), Platform.parse)
            for text in self.strings(table, keys, "platforms")
        ]
        self.valid((*keys, "target"), target, N_("a target like 'acr.example.com/mirror/{name}'"), check_template)
        line, _ = place(self.text, keys)

        def rule_of(source: str) -> Rule:
            return make_rule(
                source,
                target,
                references=self.strings(table, keys, "references"),
                target_references=self.strings(table, keys, "target_references"),
                tags=tags,
                platforms=platforms,
                repositories=repositories,
                artifacts=artifacts,
                origin=f"{self.path.name}:{line}",
            )

        expected = N_("a source like 'harbor.example.com/library/nginx' or 'harbor.example.com/library/*'")
        rule = self.valid((*keys, "source"), source, expected, rule_of)
        try:
            check(rule)
        except RuleError as error:
            raise self.error(keys, error.message, N_("a rule that can be carried out"), error.hint) from None
        return rule

    def selection(self, table: Mapping[str, Any], keys: Keys) -> TagSelection:
        selection = TagSelection(**self.values(table, keys, TagSelection))
        if selection.newest_by not in get_args(NewestBy):
            raise self.choice((*keys, "newest_by"), selection.newest_by, get_args(NewestBy))
        self.valid(keys, selection, N_("a selection that can be applied"), check_selection)
        return selection

    def chosen(self, table: Mapping[str, Any], keys: Keys, key: str, kind: type[_Chosen]) -> _Chosen:
        """Return the selection under a key of a rule; `expand.check` says what is wrong with its values."""
        return kind(**self.values(self.get(table, keys, key, dict) or {}, (*keys, key), kind))


def _syntax_error(text: str, path: Path, error: tomllib.TOMLDecodeError) -> PlanFileError:
    match = _SYNTAX.fullmatch(str(error))
    what, line, column = match.group("what", "line", "column") if match else (str(error), None, None)
    last = text.rstrip("\n").split("\n")
    place = (int(line), int(column)) if line and column else (len(last), len(last[-1]) + 1)
    if what.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return PlanFileError(
            path, *place, N_("a key that is there already"), N_("each key once"), N_("remove one of the two")
        )
    return PlanFileError(
        path, *place, phrase("no TOML ({what})", what=what), "TOML", N_('quote text with "..."; lists are [...]')
    )
