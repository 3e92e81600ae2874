"""How many files this process may have open: connections are files too."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Iterator

from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase

_PLENTY = 65536
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})


def raise_limit() -> None:
    """Raise this process's limit on open files to what it may raise it to by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _PLENTY if hard == resource.RLIM_INFINITY else min(hard, _PLENTY)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems refuse more than a maximum of their own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def too_many(error: BaseException) -> LocalError | None:
    """Return the error to tell when `error`, or what it came of, is a lack of open files; otherwise None."""
    if not any(_says_so(cause) for cause in _causes(error)):
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return LocalError(
        phrase("too many open files: this process may have {limit}", limit=limit),
        hint=N_("raise the limit, for example with 'ulimit -n 4096', then resume the run"),
    )


def _says_so(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _TOO_MANY
    # The loader of shared libraries has only words for it.
    return isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
