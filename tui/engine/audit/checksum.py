"""The checksum of a report's data, and who signed it off.

The checksum is SHA-256 over the data as canonical JSON: UTF-8, keys sorted, no blanks (RFC 8785 for the values there
are). Signed off means: a person of that name vouched for the data with this checksum, at that time, from that account.
It is no cryptographic signature; who wants one signs the JSON file, for instance with `gpg --detach-sign`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.endpoints.private_file import write_private
from tui.engine.person import this_person
from tui.engine.runs import RunFolder
from tui.oci.text import printable

BESIDE = ("checksum", "sign_off")
"""Keys of a report that are not part of the data."""


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return the bytes the checksum is of."""
    own = {key: value for key, value in data.items() if key not in BESIDE}
    return json.dumps(own, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def checksum(data: Mapping[str, Any]) -> str:
    """Return `sha256:<hex>` of the data of a report."""
    return f"sha256:{hashlib.sha256(canonical(data)).hexdigest()}"


def sign_off(folder: RunFolder, name: str, of: str) -> None:
    """Note beside a run that a person vouches for the data with a checksum. Raises LocalError."""
    note = {"name": printable(name, 200), "at": utc(time.time()), "account": this_person(), "checksum": of}
    write_private(_note(folder), (json.dumps(note, ensure_ascii=False) + "\n").encode())


def signed_off(folder: RunFolder, of: str) -> dict[str, Any] | None:
    """Return who signed a run off: name, at, account, checksum, and whether it `holds` for this checksum."""
    try:
        note = json.loads(_note(folder).read_bytes())
        found = {key: str(note[key]) for key in ("name", "at", "account", "checksum")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {**found, "holds": found["checksum"] == of}


def utc(at: float | None, timespec: str = "seconds") -> str:
    """Return a time as ISO 8601 in UTC, '' for none."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _note(folder: RunFolder) -> Path:
    return folder.path / "sign-off.json"
