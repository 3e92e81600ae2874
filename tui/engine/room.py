"""Whether the disks have room for what a run writes to them."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.oci.place import is_archive, is_place, name_of, path_of


@dataclass(frozen=True, slots=True)
class Room:
    """A place on a disk that a run writes to: the bytes it will write, and those that are free (None: not known)."""

    place: str
    needed: int
    free: int | None

    @property
    def enough(self) -> bool:
        """Whether there is room, as far as is known."""
        return self.free is None or self.needed <= self.free

    def document(self) -> dict[str, Any]:
        """Return it as values JSON can carry."""
        return asdict(self)


def rooms(reader: JournalReader) -> list[Room]:
    """Return every place that a run is going to write to."""
    moved = reader.bytes_to_move_by_registry()
    places = [place for place in sorted(moved) if is_place(place)]
    # A tar is packed from a folder beside it.
    return [Room(name_of(place), moved[place] * (1 + is_archive(place)), free_at(path_of(place))) for place in places]


def free_at(path: Path) -> int | None:
    """Return the bytes that are free where a folder is, or will be made; None when that cannot be found out."""
    for folder in (path, *path.parents):
        try:
            return shutil.disk_usage(folder).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
