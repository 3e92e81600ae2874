"""Remote text made safe to print: a registry decides what is in a name or an error, not what a terminal does."""

from __future__ import annotations

_BIDI = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C}


def printable(text: str, limit: int = 2000) -> str:
    """Return `text` with every control, bidirectional and surrogate character escaped, cut to `limit` characters.

    Tabs and newlines become one space, so that the result is always a single line.
    """
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else text[: limit - 1] + "…"
    parts: list[str] = []
    for character in text[: limit + 1]:
        code = ord(character)
        if character in "\t\n\r":
            parts.append(" ")
        elif code < 0x20 or 0x7F <= code < 0xA0:
            parts.append(f"\\x{code:02x}")
        elif code in _BIDI or 0xD800 <= code < 0xE000 or code in (0x2028, 0x2029, 0xFEFF):
            parts.append(f"\\u{code:04x}")
        else:
            parts.append(character)
    escaped = "".join(parts)
    return escaped if len(text) <= limit else escaped[: limit - 1] + "…"
