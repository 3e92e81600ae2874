"""JSON with the place of every value, which the `json` module does not tell."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from pathlib import Path

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError
from tui.plan.nodes import Kind, Node

_TOKEN = re.compile(r'[ \t\n\r]*([{}\[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\]:,"]+)')
TOO_DEEP = (N_("values nested too deeply"), N_("a file of rules or logins"))
_HINT = N_("JSON wants double quotes, no comments, and no comma after the last item")


def parse_json(text: str, path: Path) -> Node:
    """Return the value a JSON text says (RFC 8259). Raises PlanFileError, also for a key that is there twice."""
    try:
        json.loads(text)
        return _Walk(text, path).value()
    except RecursionError:
        raise PlanFileError(path, 1, 1, *TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise PlanFileError(
            path, error.lineno, error.colno, phrase("no JSON ({msg})", msg=error.msg), "JSON", _HINT
        ) from None


class _Walk:
    """Goes through a text that is known to be JSON, but for what `json` takes although RFC 8259 does not."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.tokens = _TOKEN.finditer(text)

    def value(self) -> Node:
        token, line, column = self.next()
        return self.after(token, line, column)

    def after(self, token: str, line: int, column: int) -> Node:
        """Return the value that begins with a token that was taken."""
        if token == "{":
            return Node("mapping", line, column, entries=self.entries())
        if token == "[":
            return Node("list", line, column, items=self.items())
        if token.startswith('"'):
            return Node("string", line, column, json.loads(token))
        if token in ("NaN", "Infinity", "-Infinity"):
            raise PlanFileError(self.path, line, column, N_("a number JSON does not have"), "JSON", _HINT)
        words: dict[str, Kind] = {"true": "boolean", "false": "boolean", "null": "null"}
        return Node(words.get(token, "number"), line, column, token)

    def entries(self) -> list[tuple[Node, Node]]:
        entries: list[tuple[Node, Node]] = []
        lines: dict[str, int] = {}
        while True:
            token, line, column = self.next()
            if token == "}":
                return entries
            if token == ",":
                continue
            key = self.after(token, line, column)
            if key.text in lines:
                raise twice(self.path, key, lines[key.text])
            lines[key.text] = line
            self.next()
            entries.append((key, self.value()))

    def items(self) -> list[Node]:
        items: list[Node] = []
        while True:
            token, line, column = self.next()
            if token == "]":
                return items
            if token != ",":
                items.append(self.after(token, line, column))

    def next(self) -> tuple[str, int, int]:
        match = next(self.tokens)
        line = bisect_right(self.starts, match.start(1))
        return match[1], line, match.start(1) - self.starts[line - 1] + 1


def twice(path: Path, key: Node, first: int) -> PlanFileError:
    """Return what is said of a key that is there already; other readers take the last and lose the first."""
    found = phrase("a key that is there already, in line {first}", first=first)
    return PlanFileError(
        path, key.line, key.column, found, N_("each key once"), N_("remove one of the two, or join them")
    )
