"""What the terminal in front of us can show, read from its environment.

Every function here is pure: it takes an environ mapping (and a size) and says what to do; only
`environ_at_start` looks at the process. `REGFERRY_ASCII=1` (or `0`) overrides the character guess.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TRUE_COLOUR = 1 << 24
COMPACT_WIDTH, COMPACT_HEIGHT = 60, 15
WIDE_WIDTH = 120

HORIZONTAL_BREAKPOINTS = [(0, "-compact-width"), (COMPACT_WIDTH, "-normal-width"), (WIDE_WIDTH, "-wide")]
"""For `App.HORIZONTAL_BREAKPOINTS`: classes Textual keeps on the screen as the terminal is resized."""
VERTICAL_BREAKPOINTS = [(0, "-compact-height"), (COMPACT_HEIGHT, "-normal-height")]
"""For `App.VERTICAL_BREAKPOINTS`."""


class SizeClass(StrEnum):
    """How much room there is: one pane, the ordinary layout, or details beside the table."""

    COMPACT = "compact"
    NORMAL = "normal"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal can do. `colours` is 0 (none wanted), 16, 256 or 2**24."""

    utf8: bool = True
    colours: int = TRUE_COLOUR
    usable: bool = True
    clipboard: bool = True
    light: bool = False
    multiplexer: str = ""

    @property
    def mono(self) -> bool:
        """True when meaning must be carried by words, bold and reverse alone."""
        return self.colours == 0


def detect(environ: Mapping[str, str]) -> Terminal:
    """Return what the terminal described by `environ` can show."""
    term = environ.get("TERM", "")
    return Terminal(
        utf8=utf8(environ),
        colours=colours(environ),
        usable=term not in ("", "dumb", "unknown"),
        clipboard=term not in ("", "dumb", "unknown", "linux"),
        light=light_background(environ),
        multiplexer="tmux" if environ.get("TMUX") else "screen" if environ.get("STY") else "",
    )


def utf8(environ: Mapping[str, str]) -> bool:
    """Say whether characters beyond ASCII will be shown: the rule of tmux, less the Linux console.

    The first of LC_ALL, LC_CTYPE and LANG that is not empty decides (POSIX locale order). The console
    (`TERM=linux`) has a font of 256 to 512 glyphs, so it counts as ASCII.
    """
    forced = environ.get("REGFERRY_ASCII", "")
    if forced:
        return forced.lower() in ("0", "no", "false", "off")
    if environ.get("TERM") == "linux":
        return False
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    return re.search(r"utf-?8", locale, re.IGNORECASE) is not None


def colours(environ: Mapping[str, str]) -> int:
    """Return how many colours to use: 0, 16, 256 or 2**24 (NO_COLOR: https://no-color.org)."""
    if environ.get("NO_COLOR"):
        return 0
    term = environ.get("TERM", "").lower()
    if term in ("", "dumb", "unknown") or term.startswith("vt"):
        return 0
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return TRUE_COLOUR
    if "256color" in term or term in ("xterm-kitty", "alacritty", "foot", "xterm-ghostty"):
        return 256
    return 16


def light_background(environ: Mapping[str, str]) -> bool:
    """Say whether the terminal tells of a light background (`COLORFGBG`, as rxvt, Konsole and iTerm2 set)."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")


def size_class(width: int, height: int) -> SizeClass:
    """Return the size class of a terminal of `width` by `height` cells."""
    if width < COMPACT_WIDTH or height < COMPACT_HEIGHT:
        return SizeClass.COMPACT
    return SizeClass.WIDE if width >= WIDE_WIDTH else SizeClass.NORMAL


def environ_at_start() -> dict[str, str]:
    """Return the environment this process was started with, as far as the terminal is concerned.

    Python in the C locale sets `LC_CTYPE=C.UTF-8` for itself (PEP 538), which says nothing about the
    terminal; where the kernel remembers the original environment, a variable it did not hold is left out.
    """
    environ = dict(os.environ)
    try:
        original = Path("/proc/self/environ").read_bytes()
    except OSError:
        return environ
    if not any(entry.startswith(b"LC_CTYPE=") for entry in original.split(b"\0")):
        environ.pop("LC_CTYPE", None)
    return environ
