"""A screen as a picture: SVG from its cells, and PNG from that.

Textual's own export refers to a font on another server, which a browser does not load for an image in a page, and it
measures wide characters as narrow ones. Here every run of text is as wide as its cells whatever font there is, and
the lines of boxes, bars and curves are drawn, so that they join.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from ctypes.util import find_library
from html import escape
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.app import App
from textual.color import Color as ThemeColor

CELL, LINE, SIZE = 8.43, 18.0, 14.0
"""Width and height of a cell and size of its letters, in pixels."""
BASELINE = 13.5
MARGIN, BAR = 12.0, 30.0
FONTS = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
WIDE_FONTS = '"Noto Sans Mono CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei Mono", monospace'
PNG_FONT = "DejaVu Sans Mono"

_BLOCKS = {chr(0x2580 + eighths): eighths / 8 for eighths in range(1, 9)}
"""Blocks that stand on the floor of a cell, and how much of it they fill."""
_LINES = {  # which arms a character has: left, right, up, down
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu",
    "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru", "┼": "lrud", "━": "LR", "╸": "L", "╺": "R",
}  # fmt: skip
_BAR, _DASHES = "▬", "╌"
_DRAWN = {*_BLOCKS, *_LINES, _BAR, _DASHES}
_PIECES = re.compile(r"[!-~]+(?: [!-~]+)*|[^ -~]")


def svg(app: App[Any]) -> str:
    """Return the screen in front of `app` as an SVG document."""
    background = app.theme_variables["background"]
    strips = app.screen._compositor.render_strips()
    boxes: list[str] = []
    texts: list[str] = []
    for line, strip in enumerate(strips):
        top, cell = line * LINE, 0
        for (colour, fill, bold), pieces in groupby(_cells(strip, app), key=lambda found: found[1]):
            text = "".join(piece for piece, _look in pieces)
            cells = cell_len(text)
            if fill != background:
                boxes.append(_rect(cell * CELL, top, cells * CELL, LINE, fill))
            for shape in _written(text, cell * CELL, top, colour, bold):
                (texts if shape.startswith("<text") else boxes).append(shape)
            cell += cells
    width, height = app.size.width * CELL + 2 * MARGIN, app.size.height * LINE + BAR + MARGIN
    dim = app.theme_variables["panel"]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">'
        f"<style>text{{font-family:{FONTS};font-size:{SIZE:g}px;white-space:pre}}"
        f".b{{font-weight:bold}}.w{{font-family:{WIDE_FONTS}}}</style>"
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{background}"/>'
        + "".join(f'<circle cx="{20 + 18 * at}" cy="15" r="5.5" fill="{dim}"/>' for at in range(3))
        + f'<g transform="translate({MARGIN:g},{BAR:g})">'
    )
    return "\n".join([head, '<g shape-rendering="crispEdges">', *boxes, "</g>", *texts, "</g></svg>", ""])


def png(document: str) -> bytes | None:
    """Return an SVG document of ours as PNG, twice its size.

    None when it has Chinese and there is no font for it, or when the system has no cairo library.
    """
    if find_library("cairo") is None:
        return None
    import cairosvg  # type: ignore[import-untyped]  # only here: it needs the cairo library of the system

    wide = ""
    if 'class="w' in document:
        # Cairo looks for a letter in one font alone, so it has to be one that is there.
        asked = ["fc-list", ":lang=zh-cn", "family"]
        if shutil.which(asked[0]) is None:
            return None
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
        if not found:
            return None
        wide = found[0].partition(",")[0]
    fonts = document.replace(WIDE_FONTS, f'"{wide}"').replace(FONTS, f'"{PNG_FONT}"')
    drawn: bytes = cairosvg.svg2png(fonts.encode(), scale=2)
    return drawn


def _cells(strip: Iterable[Any], app: App[Any]) -> Iterator[tuple[str, tuple[str, str, bool]]]:
    """Yield pieces of text with colour, background and weight."""
    for text, style, _control in strip:
        shown = style or Style()
        colour = _hex(shown.color, app.theme_variables["foreground"])
        fill = _hex(shown.bgcolor, app.theme_variables["background"])
        if shown.reverse:
            colour, fill = fill, colour
        if shown.dim:
            colour = ThemeColor.parse(colour).blend(ThemeColor.parse(fill), 0.4).hex
        if not text.strip():
            colour = "none"
        yield text, (colour.lower(), fill.lower(), bool(shown.bold))


def _hex(colour: Color | None, otherwise: str) -> str:
    return colour.get_truecolor().hex if colour is not None and not colour.is_default else otherwise


def _written(text: str, left: float, top: float, colour: str, bold: bool) -> Iterator[str]:
    """Yield what puts `text` there: words that fill their cells, other signs one by one, and what is drawn.

    A sign the font does not have comes from one of another width, and must not move what follows.
    """
    for match in _PIECES.finditer(text):
        at = left + cell_len(text[: match.start()]) * CELL
        if match[0] in _DRAWN:
            yield from _drawn(match[0], at, top, colour)
        else:
            yield _text(match[0], at, top, colour, bold)


def _text(text: str, left: float, top: float, colour: str, bold: bool) -> str:
    kinds = ("w " if cell_len(text[0]) > 1 else "") + ("b" if bold else "")
    weight = f' class="{kinds.strip()}"' if kinds else ""
    length = f' textLength="{cell_len(text) * CELL:g}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
    return f'<text x="{left:g}" y="{top + BASELINE:g}" fill="{colour}"{weight}{length}>{escape(text)}</text>'


def _drawn(letter: str, left: float, top: float, colour: str) -> Iterator[str]:
    if letter in _BLOCKS:
        height = round(LINE * _BLOCKS[letter], 2)
        yield _rect(left, top + LINE - height, CELL, height, colour)
        return
    middle, centre = left + CELL / 2, top + LINE / 2
    if letter == _BAR:
        yield _rect(left, centre - 3, CELL, 6, colour)
        return
    if letter == _DASHES:
        yield from (_rect(left + offset, centre - 0.5, 2.4, 1, colour) for offset in (0.9, 5.1))
        return
    for arm in _LINES[letter]:
        half = 1.5 if arm.isupper() else 0.5
        if arm in "lL":
            yield _rect(left, centre - half, CELL / 2 + half, 2 * half, colour)
        elif arm in "rR":
            yield _rect(middle - half, centre - half, CELL / 2 + half, 2 * half, colour)
        elif arm == "u":
            yield _rect(middle - half, top, 2 * half, LINE / 2 + half, colour)
        else:
            yield _rect(middle - half, centre - half, 2 * half, LINE / 2 + half, colour)


def _rect(left: float, top: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>'
