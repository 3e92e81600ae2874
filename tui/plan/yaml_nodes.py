"""YAML with the place of every value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError
from tui.plan.json_nodes import TOO_DEEP, twice
from tui.plan.nodes import Kind, Node

if TYPE_CHECKING:
    import yaml

_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, Kind] = {
    "str": "string",
    "timestamp": "string",
    "value": "string",
    "merge": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "null": "null",
    "map": "mapping",
    "seq": "list",
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DEEPEST = 100
_QUOTED = re.compile(r""" ?(["'])(.*)\1""")


def parse_yaml(text: str, path: Path) -> Node | None:
    """Return the value of the one document in a YAML text, None when there is nothing in it.

    Raises PlanFileError, also for a key that is there twice, a second document and tags of one's own.
    """
    import yaml

    if bad := _UNPRINTABLE.search(text):
        line, column = _place(text, bad.start())
        found = phrase("the character U+{ord:04X}", ord=ord(bad[0]))
        raise PlanFileError(path, line, column, found, N_("YAML text"), N_("remove the character"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml.parse(text, Loader=loader), path)
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, path, error) from None
    return None if node is None else _Reader(path).node(node)


class _Reader:
    """Turns PyYAML's nodes into ours. A value with an anchor is one node however often it is used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[int, Node] = {}
        self.open: set[int] = set()

    def node(self, node: yaml.Node) -> Node:
        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.open:
            raise self.error(node, N_("an alias inside the value it stands for"), N_("a value that ends"))
        self.open.add(id(node))
        result = self.done[id(node)] = self._node(node)
        return result

    def _node(self, node: yaml.Node) -> Node:
        kind = _KINDS.get(str(node.tag).removeprefix(_TAG))
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if kind is None:
            raise self.error(
                node, N_("a YAML tag"), N_("a plain value"), N_("text that begins with '!' stands in quotes")
            )
        if kind == "mapping":
            return Node(kind, line, column, entries=self.entries(cast("yaml.MappingNode", node)))
        if kind == "list":
            return Node(kind, line, column, items=[self.node(item) for item in node.value])
        return Node(kind, line, column, "" if kind == "null" else node.value)

    def entries(self, mapping: yaml.MappingNode) -> list[tuple[Node, Node]]:
        entries: list[tuple[Node, Node]] = []
        merged: list[tuple[Node, Node]] = []
        lines: dict[str, int] = {}
        for key, value in mapping.value:
            name, node = self.node(key), self.node(value)
            if key.tag == f"{_TAG}merge":
                for source in node.items or [node]:
                    merged += source.entries
                continue
            if name.kind in ("mapping", "list"):
                raise self.error(key, phrase("a {kind} as a key", kind=name.kind), N_("a text as a key"))
            if name.text in lines:
                raise twice(self.path, name, lines[name.text])
            lines[name.text] = name.line
            entries.append((name, node))
        for name, node in merged:
            if name.text not in lines:
                lines[name.text] = name.line
                entries.append((name, node))
        return entries

    def error(self, node: yaml.Node, found: str, expected: str, hint: str = "") -> PlanFileError:
        mark = node.start_mark
        return PlanFileError(self.path, mark.line + 1, mark.column + 1, found, expected, hint)


def _check_depth(events: Iterable[yaml.Event], path: Path) -> None:
    """Raise for a text that would end the process: libyaml's composer calls itself for every level."""
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise PlanFileError(path, 1, 1, *TOO_DEEP)


def _syntax_error(text: str, path: Path, error: yaml.MarkedYAMLError) -> PlanFileError:
    """Say what is wrong without what PyYAML quotes of the text: an alias or a tag may be half of a password."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    content = lines[line - 1] if line <= len(lines) else ""
    if content[column - 1 : column] == "\t" or content[: len(content) - len(content.lstrip())].count("\t"):
        column = content.index("\t") + 1
        return PlanFileError(path, line, column, N_("a tab"), "spaces", N_("YAML is indented with spaces only"))
    problem = str(error.problem or error.context or N_("not readable"))
    if "document" in problem and line > 1 and content.startswith("---"):
        return PlanFileError(
            path, line, 1, N_("a second document"), N_("one document"), N_("put it into a file of its own")
        )
    said = _QUOTED.sub(lambda match: match[0] if len(match[2]) <= 2 else "", problem)
    hint = N_(
        "indent with spaces, alike on each level; put text with ': ', ' #', or a first *, &, !, @, %, ` in quotes"
    )
    return PlanFileError(path, line, column, phrase("no YAML ({said})", said=said), "YAML", hint)


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
