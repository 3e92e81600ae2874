"""A document's values with their places, and what is said when one is not as expected.

Values are never quoted by the functions here: the documents carry passwords.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError

Kind = Literal["mapping", "list", "string", "number", "boolean", "null"]

_ARTICLES: dict[Kind, str] = {
    "mapping": N_("a mapping"),
    "list": N_("a list"),
    "string": N_("a text"),
    "number": N_("a number"),
    "boolean": N_("true or false"),
    "null": "nothing",
}
_TRUE = frozenset({"true", "yes", "on", "y"})


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value. `text` is a scalar as it is written (a string without its quotes), line and column count from 1."""

    kind: Kind
    line: int
    column: int
    text: str = field(default="", repr=False)
    items: Sequence[Node] = field(default=(), repr=False)
    entries: Sequence[tuple[Node, Node]] = field(default=(), repr=False)

    def get(self, key: str) -> Node | None:
        """Return the value of a mapping's key, None when it is not there."""
        return next((value for name, value in self.entries if name.text == key), None)

    def keys(self) -> list[str]:
        """Return the keys of a mapping, in order."""
        return [key.text for key, _ in self.entries]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. `coerces` says whether its format makes text of numbers, as YAML readers do."""

    path: Path
    root: Node
    coerces: bool

    def origin(self, node: Node) -> str:
        """Return the place of a value for messages: `images.yaml:12`."""
        return f"{self.path.name}:{node.line}"

    def error(self, node: Node, found: str, expected: str, hint: str = "") -> PlanFileError:
        return PlanFileError(self.path, node.line, node.column, found, expected, hint)

    def wrong_kind(self, node: Node, expected: str, hint: str = "") -> PlanFileError:
        return self.error(node, _ARTICLES[node.kind], expected, hint)

    def mapping(self, node: Node, expected: str) -> Sequence[tuple[Node, Node]]:
        """Return the entries of a mapping. Raises PlanFileError."""
        if node.kind != "mapping":
            raise self.wrong_kind(node, expected)
        return node.entries

    def text(self, node: Node | None, expected: str) -> str:
        """Return a text, '' for a value that is not there. Raises PlanFileError."""
        if node is None or node.kind == "null":
            return ""
        if node.kind == "string" or (self.coerces and node.kind in ("number", "boolean")):
            return node.text
        hint = N_("write it in quotes") if node.kind in ("number", "boolean") else ""
        raise self.wrong_kind(node, expected, hint)

    def flag(self, node: Node | None, expected: str = N_("true or false")) -> bool | None:
        """Return true or false, None for a value that is not there. Raises PlanFileError."""
        if node is None or node.kind == "null":
            return None
        if node.kind != "boolean":
            raise self.wrong_kind(node, expected, N_("write true or false without quotes"))
        return node.text.lower() in _TRUE

    def texts(self, node: Node | None, expected: str) -> list[Node]:
        """Return the texts of a list, none for a value that is not there. Raises PlanFileError."""
        if node is None or node.kind == "null":
            return []
        if node.kind != "list":
            raise self.wrong_kind(node, expected)
        for item in node.items:
            if item.kind == "null":
                raise self.wrong_kind(item, expected)
            self.text(item, expected)
        return list(node.items)

    def unknown(self, node: Node, known: Iterable[str]) -> Iterator[tuple[Node, str]]:
        """Yield the keys of a mapping that are not known, each with a hint ('' when none is near)."""
        names = list(known)
        for key, _ in node.entries:
            if key.text not in names:
                near = difflib.get_close_matches(key.text, names, 1)
                yield key, phrase("did you mean '{near}'?", near=near[0]) if near else ""
