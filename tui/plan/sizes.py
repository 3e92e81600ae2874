"""Numbers of bytes as people write them: `500K`, `10M`, `1.5G`, in binary units."""

from __future__ import annotations

import math

_UNITS = ("", "K", "M", "G")


def parse_size(text: str) -> int:
    """Return a number of bytes. Raises ValueError that says what is expected."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    try:
        size = float(number) * 1024 ** _UNITS.index(unit)
        if not math.isfinite(size) or size < 0:
            raise ValueError
        return int(size)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of bytes like 500K, 10M or 1.5G") from None


def size_text(size: int) -> str:
    """Return a number of bytes as `parse_size` reads it, '' for 0."""
    power = next((power for power in (3, 2, 1) if size and size % 1024**power == 0), 0)
    return f"{size // 1024**power}{_UNITS[power]}" if size else ""
