"""Text fitted to terminal cells: cleaned, measured, cut and padded, with double-width characters in mind."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from tui.oci.text import printable

Align = Literal["left", "right"]
Cut = Literal["end", "middle", "start"]
ELLIPSIS = "…"
_LONGEST = 1000
_TONES = range(0x1F3FB, 0x1F400)
_SELECTORS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
_REGIONAL = range(0x1F1E6, 0x1F200)


@lru_cache(8192)
def clean(text: str) -> str:
    """Return `text` on one line, without anything that moves the cursor or whose width terminals disagree on.

    On top of `printable`, joiners, variation selectors and other format characters are escaped, emoji
    modifiers and flag letters likewise, and a letter keeps at most two combining marks.
    """
    text = printable(text, _LONGEST)
    if text.isascii():
        return text
    parts: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        code = ord(character)
        category = unicodedata.category(character)
        if category in ("Mn", "Me") and code not in _SELECTORS:
            marks += 1
            if marks <= 2 and parts:
                parts.append(character)
            continue
        marks = 0
        odd = category in ("Cf", "Cn", "Co", "Cs") or code in _TONES or code in _SELECTORS or code in _REGIONAL
        if odd or get_character_cell_size(character) == 0:
            parts.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
        else:
            parts.append(character)
    return "".join(parts)


def width(text: str) -> int:
    """Return how many cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


@lru_cache(8192)
def fit(text: str, cells: int, align: Align = "left", cut: Cut = "end") -> str:
    """Return clean `text` cut with an ellipsis, or padded, to exactly `cells` cells.

    `cut` says which part gives way: the end, the middle (long references keep both ends) or the start.
    """
    if cells <= 0:
        return ""
    missing = cells - width(text)
    if missing < 0:
        text = shorten(text, cells, cut)
        missing = cells - width(text)
    if not missing:
        return text
    return " " * missing + text if align == "right" else text + " " * missing


def shorten(text: str, cells: int, cut: Cut = "end") -> str:
    """Return `text` in at most `cells` cells, with an ellipsis where something was left out."""
    if width(text) <= cells:
        return text
    room = cells - 1
    if room <= 0:
        return ELLIPSIS[:cells]
    if cut == "end":
        return _head(text, room) + ELLIPSIS
    if cut == "start":
        return ELLIPSIS + _tail(text, room)
    tail = _tail(text, (room + 1) // 2)
    return _head(text, room - width(tail)) + ELLIPSIS + tail


def _head(text: str, cells: int) -> str:
    if text.isascii():
        return text[:cells]
    taken = set_cell_size(text, cells)
    # A double-width character that does not fit is filled with a space, which would look like part of the text.
    return taken if text.startswith(taken) else taken.rstrip(" ")


def _tail(text: str, cells: int) -> str:
    if text.isascii():
        return text[len(text) - cells :] if cells else ""
    used = 0
    for start in range(len(text) - 1, -1, -1):
        used += get_character_cell_size(text[start])
        if used > cells:
            start += 1
            while start < len(text) and not get_character_cell_size(text[start]):
                start += 1  # a combining mark stays with the letter that was left out
            return text[start:]
    return text
