"""A connection whose reads end in a JournalError where the file is damaged, gone or locked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from tui.oci.saying import N_, phrase
from tui.oci.text import printable

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class JournalError(Exception):
    """The journal cannot be used; the message says which file and why, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class GuardedCursor(sqlite3.Cursor):
    """A cursor whose faults are those of the file, told with its name: damage may be met by any read."""

    def execute(self, sql: str, parameters: Any = (), /) -> GuardedCursor:
        """Execute. Raises JournalError."""
        self._guarded(super().execute, sql, parameters)
        return self

    def fetchone(self) -> Any:
        """Return the next row, or None. Raises JournalError."""
        return self._guarded(super().fetchone)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left. Raises JournalError."""
        return self._guarded(super().fetchall)

    def __next__(self) -> Any:
        return self._guarded(super().__next__)

    def _guarded(self, read: Callable[_Given, _Result], *given: _Given.args, **more: _Given.kwargs) -> _Result:
        try:
            return read(*given, **more)
        except sqlite3.ProgrammingError:
            raise  # a fault of ours: a closed file, a wrong question
        except sqlite3.DatabaseError as error:
            raise unreadable(getattr(self.connection, "path", ""), error) from error


class GuardedConnection(sqlite3.Connection):
    """A connection that reads by GuardedCursor; `path` is what it names the file."""

    path = ""

    def cursor(self, factory: Any = GuardedCursor) -> Any:
        """Return a new cursor."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> GuardedCursor:
        """Execute. Raises JournalError."""
        cursor: GuardedCursor = self.cursor()
        return cursor.execute(sql, parameters)


def unreadable(path: object, error: sqlite3.Error) -> JournalError:
    """Return why the journal at `path` cannot be read, with the next step."""
    if isinstance(error, sqlite3.OperationalError):
        hint = N_("check that folder: its permissions, its disk, and how many files may be open (ulimit -n)")
        return JournalError(
            phrase("cannot read the journal {path}: {error}", path=path, error=printable(str(error))), hint
        )
    return damaged(path, str(error))


def damaged(path: object, found: str) -> JournalError:
    """Return the error for a file that is a journal and not whole."""
    hint = N_(
        "keep its folder for inspection and start the plan anew: what is at the target already is not copied again"
    )
    return JournalError(phrase("the journal {path} is damaged: {found}", path=path, found=printable(found)), hint)
