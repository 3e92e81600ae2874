"""What can be wrong with a plan: a file that cannot be read as one, or a rule that cannot be carried out."""

from __future__ import annotations

import os

from tui.oci.saying import made_printable, phrase
from tui.oci.text import printable


class RuleError(ValueError):
    """A rule cannot be turned into pairs of references.

    `message` says what is wrong, `origin` where the rule stands ("images.yaml:12", '' when it stands nowhere)
    and `hint` what to do about it.
    """

    def __init__(self, message: str, origin: str = "", hint: str = "") -> None:
        self.message = made_printable(message)
        self.origin = printable(origin)
        self.hint = made_printable(hint)
        super().__init__(self.message, self.origin, self.hint)

    def __str__(self) -> str:
        return phrase("{where}: {words}", where=self.origin, words=self.message) if self.origin else self.message


class PlanFileError(ValueError):
    """A file is not a plan; nothing of it was taken over.

    `path`, `line` and `column` say where (both count from 1; 0 is unknown), `found` what stands there,
    `expected` what should, and `hint` what to do. Credentials never appear in any of them.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        line: int,
        column: int,
        found: str,
        expected: str,
        hint: str = "",
    ) -> None:
        self.path = printable(os.fspath(path))
        self.line = line
        self.column = column
        self.found = made_printable(found)
        self.expected = made_printable(expected)
        self.hint = made_printable(hint)
        super().__init__(self.path, line, column, self.found, self.expected, self.hint)

    @property
    def where(self) -> str:
        """The place as `path:line:column`, as far as it is known."""
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])

    def __str__(self) -> str:
        return phrase(
            "{where}: found {found}, expected {expected}", where=self.where, found=self.found, expected=self.expected
        )
