"""The parts a tar lies in, and the list of them with their checksums: `export.tar.parts.json` beside the parts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui.oci.errors import LocalError, UnsupportedContent
from tui.oci.saying import N_, phrase

SUFFIX = ".parts.json"
_VERSION = 1
_HEX = re.compile(r"[0-9a-f]{64}")
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name, bytes and SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PartList:
    """What a tar lies in. `tar` is its name, `size` its bytes in all, `split` the most of one part (0: not split).

    `content` is a checksum of what is packed, by which an interrupted pack is known again; until all of it is written
    `parts` are those that are.
    """

    tar: str
    size: int
    split: int
    content: str
    parts: tuple[Part, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all of it was written."""
        return sum(part.size for part in self.parts) == self.size

    def body(self) -> bytes:
        """Return the file."""
        return json.dumps({"version": _VERSION, "complete": self.complete, **asdict(self)}, indent=1).encode() + b"\n"


def list_path(tar: Path) -> Path:
    """Return where the list of a tar's parts is."""
    return tar.with_name(tar.name + SUFFIX)


def part_name(tar: str, number: int) -> str:
    """Return the name of a part; `number` counts from 1."""
    return f"{tar}.{number:03}"


def read_list(path: Path) -> PartList:
    """Return the list in a file. Raises OSError, UnsupportedContent for what is no such list."""
    try:
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            raise ValueError(f"version {_VERSION} of a list of parts is expected")
        parts = tuple(_part(value) for value in document["parts"][:_MOST])
        numbers = (document["size"], document["split"])
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise ValueError("sizes are whole numbers")
        return PartList(_file_name(document["tar"]), *numbers, str(document["content"]), parts)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnsupportedContent(phrase("{path} is no list of parts: {error}", path=path, error=error)) from error


def find_parts(tar: Path) -> list[Path]:
    """Return the files a tar lies in, in order: itself, or its parts in the same folder.

    Raises FileNotFoundError, LocalError that names a missing part, UnsupportedContent.
    """
    if tar.exists():
        return [tar]
    listed = read_list(list_path(tar))
    if not listed.complete:
        raise LocalError(
            phrase("{tar} is not packed to its end", tar=tar),
            hint=phrase("go on with: regferry pack FOLDER {tar}", tar=tar),
        )
    return [present(tar.parent / part.name, part) for part in listed.parts]


def present(path: Path, part: Part) -> Path:
    """Return where a part is. Raises LocalError when it is missing or has another size."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise LocalError(
            phrase("the part {name} is missing in {parent}", name=part.name, parent=path.parent),
            hint=N_("bring it, and put all parts into one folder"),
        ) from error
    if size != part.size:
        raise LocalError(
            phrase(
                "the part {name} has {size} bytes, its list says {part_size}",
                name=part.name,
                size=size,
                part_size=part.size,
            ),
            hint=N_("copy this part again"),
        )
    return path


def _part(value: Any) -> Part:
    name, size, sha256 = _file_name(value["name"]), value["size"], value["sha256"]
    if not isinstance(size, int) or size < 0 or not isinstance(sha256, str) or _HEX.fullmatch(sha256) is None:
        raise ValueError(f"the part {name!r} has no size and SHA-256")
    return Part(name, size, sha256)


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or value != Path(value).name or value in ("", ".", ".."):
        raise ValueError(f"{value!r} is not the name of a file")
    return value
