"""Writing the files a user names."""

from __future__ import annotations

from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`. Raises LocalError that names it."""
    from tui.oci.errors import LocalError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LocalError(f"cannot write {path}: {reason}", hint="name a file you may write") from error
