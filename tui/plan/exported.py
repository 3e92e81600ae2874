"""What writing a plan as another tool's files gives: the files, and everything they do not say."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from tui.oci.saying import N_, phrase
from tui.plan import naming, re2
from tui.plan.errors import RuleError
from tui.plan.expand import expand
from tui.plan.globs import glob_to_regex
from tui.plan.imported import Hazard
from tui.plan.model import Plan, Rule, TagSelection
from tui.plan.rule_text import is_on_disk

Part = TypeVar("Part")
_ALTERNATIVE = re.compile(r"\(\?:\^([^()|\\]*(?:\\[^\n][^()|\\]*)*)\$\)")
_ALTERNATIVES = re.compile(rf"{_ALTERNATIVE.pattern}(?:\|{_ALTERNATIVE.pattern})*")
"""`(?:^one$)|(?:^other$)`, as a list of whole expressions is read."""
_RULE = ("references", "target_references", "tags", "platforms", "repositories", "origin")
"""Fields of a rule that every exporter looks at itself."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file; `command` is how the other tool is called with it. No secret is in it."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class ExportedFiles:
    """The files of a plan, in order, and what they do not say."""

    files: tuple[ExportedFile, ...]
    hazards: tuple[Hazard, ...]


class NotExpressible(Exception):
    """The rule says what the other tool's file cannot; the argument says what."""


def carry(plan: Plan, tool: str, write: Callable[[Rule], Part]) -> tuple[list[Part], list[Hazard]]:
    """Return what `write` makes of the rules, and a warning for every rule it cannot express.

    A rule is written as it is meant or not at all. What a rule has that no exporter knows of is found by itself, so
    that nothing that is added to plans is dropped in silence.
    """
    written: list[Part] = []
    hazards: list[Hazard] = []
    for rule in plan.rules:
        try:
            if is_on_disk(rule):
                raise NotExpressible(N_("a folder or tar on a disk is in it"))
            if named := unsaid(rule, _RULE):
                raise NotExpressible(phrase("it says {named}", named=" and ".join(named)))
            written.append(write(rule))
        except (NotExpressible, RuleError) as reason:
            message = phrase("{rule} is left out: {reason}", rule=rule, reason=reason.args[0])
            hazards.append(
                Hazard("not-expressible", message, rule.origin or plan.name, phrase("{tool} cannot do this", tool=tool))
            )
    return written, hazards


def left_out(plan: Plan, tool: str, carried: Collection[str]) -> list[Hazard]:
    """Return a warning for each part of a plan besides its rules, and each option, that differs from the usual."""
    named = [f"{name} = {_value(getattr(plan.options, name))}" for name in unsaid(plan.options, carried)]
    named += [f"[{name}]" for name in unsaid(plan, ("options",))]
    return [
        Hazard(
            "not-expressible",
            phrase("{said} is left out", said=said),
            plan.name,
            phrase("{tool} has nothing like it", tool=tool),
        )
        for said in named
    ]


def unsaid(value: Any, carried: Collection[str]) -> list[str]:
    """Return the fields of a dataclass that are not `carried` and not as by default."""
    named = []
    for field in fields(value):
        usual = field.default_factory() if field.default_factory is not MISSING else field.default
        if usual is not MISSING and field.name not in carried and getattr(value, field.name) != usual:
            named.append(field.name)
    return named


def keeps_tags(rule: Rule) -> bool:
    """Return whether everything gets the tag at the target that it has at the source, in one repository."""
    if rule.references:
        pairs = expand(rule, rule.source, ())
        same = all(pair.source.target == pair.target.target for pair in pairs)
        return same and len({pair.target.repository for pair in pairs}) == 1
    given = naming.split_template(rule.target)[1] or "tag" in naming.fields_of(rule.target)
    return not given and not rule.target_references


def only(tags: TagSelection, *carried: str) -> None:
    """Raise NotExpressible for a part of a selection that is not `carried`."""
    if named := unsaid(tags, carried):
        raise NotExpressible(phrase("it selects tags by {named}", named=" and ".join(named)))


def allowed(tags: TagSelection) -> list[str]:
    """Return expressions of which one has to match the whole tag, none for every tag. Raises NotExpressible."""
    if tags.include and tags.regex:
        raise NotExpressible(N_("it selects tags by include and regex together"))
    return [*globs(tags.include), *wholes(tags.regex)]


def denied(tags: TagSelection) -> list[str]:
    """Return expressions of which none may match the whole tag. Raises NotExpressible."""
    return [*globs(tags.exclude), *wholes(tags.exclude_regex)]


def globs(patterns: Iterable[str]) -> list[str]:
    """Return globs as expressions for the whole text. Raises NotExpressible for a set in brackets."""
    found = [glob_to_regex(pattern) for pattern in patterns]
    if None in found:
        raise NotExpressible(N_("it has a glob with a set in brackets"))
    return [expression for expression in found if expression is not None]


def wholes(regex: str) -> list[str]:
    """Return expressions of which one matches a whole text in which `regex` is found, none for ''."""
    if _ALTERNATIVES.fullmatch(regex):
        return _ALTERNATIVE.findall(regex)
    return [whole(regex)] if regex else []


def whole(regex: str) -> str:
    """Return the expression that matches a whole text in which `regex` is found.

    For tools that put `^` and `$` around every expression of theirs.
    """
    inner = regex[1:-1]
    closed = regex.startswith("^") and regex.endswith("$") and not regex.endswith(r"\$") and "|" not in inner
    if closed and _is_regex(inner):
        return inner
    return f".*(?:{regex}).*"


def numbered(path: Path, number: int) -> Path:
    """Return the name for the file of that number (from 0): FILE, FILE-2, FILE-3."""
    return path if not number else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def yaml_text(document: object, comment: str = "") -> str:
    """Return a document as YAML below comment lines."""
    import yaml

    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    return lines + str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=4096))


def _is_regex(text: str) -> bool:
    try:
        re2.compile(text)
    except re2.RegexError:
        return False
    return True


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
