"""Which endpoint was browsed last, kept from one opening of the app to the next."""

from __future__ import annotations

import json
from pathlib import Path

from tui.endpoints.private_file import write_private

_FILE = "browse.json"


def last_source(state: Path) -> str:
    """Return the id of the endpoint browsed last, '' when there is none or the note cannot be read."""
    try:
        document = json.loads((state / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    source = document.get("source", "") if isinstance(document, dict) else ""
    return source if isinstance(source, str) else ""


def remember_source(state: Path, endpoint_id: str) -> None:
    """Note the id of the endpoint browsed last. Raises LocalError."""
    write_private(state / _FILE, json.dumps({"source": endpoint_id}).encode())
