"""Numbers of bytes as people write them, `500K`, `10M`, `1.5G` in binary units, and as they are shown to them."""

from __future__ import annotations

import math

_UNITS = ("", "K", "M", "G")
_SHOWN_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


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


def bytes_text(count: float) -> str:
    """Return a number of bytes in SI units with three significant digits: `999 B`, `1.50 kB`, `12.3 MB`."""
    value = max(0.0, float(count))
    for unit in _SHOWN_UNITS[:-1]:
        if value < 999.5:
            return _three_digits(value, unit)
        value /= 1000
    return _three_digits(value, _SHOWN_UNITS[-1])


def _three_digits(value: float, unit: str) -> str:
    if unit == "B" or value >= 99.95:
        return f"{value:.0f} {unit}"
    return f"{value:.1f} {unit}" if value >= 9.995 else f"{value:.2f} {unit}"
