"""The last stop before an ASCII-only terminal: every other character becomes ASCII of the same width.

One filter over the finished lines covers our widgets, Textual's own (borders, scroll bars, the palette) and
remote text alike, so that no widget needs a second set of drawings.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.app.widgets.states import ascii_glyphs

_GROUPS = {
    "-": "─━╌╍┄┅┈┉╴╶╸╺╼╾═▔–—−",
    "|": "│┃╎╏┆┇┊┋╵╷╹╻╽╿║▏▎▍▌▐▕▊▉",
    "+": "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬",
    "#": "█▓■▇▆",
    "=": "▬▄▀▅",
    ":": "▒▃",
    ".": "░▂·•◦",
    "_": "▁",
    "~": "…⋯‥",
    "^": "▲▴△↑",
    "v": "▼▾▽↓",
    ">": "►▶▸→›»❯",
    "<": "◄◀◂←‹«❮",
    "*": "●◉★☆◆",
    "o": "○◎◇⭘",
    "'": "‘’",
    '"': "“”",
    "x": "×✕✖",
    "/": "╱",
    "\\": "╲",
}
_TABLE = {ord(glyph): stand_in for stand_in, glyphs in _GROUPS.items() for glyph in glyphs}
_TABLE |= {ord(glyph): stand_in for glyph, stand_in in ascii_glyphs().items()}
_TABLE[0xA0] = " "


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """Return `text` in ASCII and of the same width in cells; a character without a likeness becomes `?`."""
    if text.isascii():
        return text
    return "".join(
        character if character.isascii() else "?" * get_character_cell_size(character)
        for character in text.translate(_TABLE)
    )


class AsciiFilter(LineFilter):
    """Replaces what an ASCII-only terminal cannot show, in every line of every widget."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with their text in ASCII."""
        return [
            Segment(to_ascii(text), style, control) if not control else Segment(text, style, control)
            for text, style, control in segments
        ]
