"""RE2 expressions (the syntax of Go's `regexp`), run by Python's `re`.

What RE2 lacks (lookaround, backreferences, possessive quantifiers) is refused, so that an expression means
the same here as in the tools it comes from; what only RE2 has is translated. Tags are ASCII, so Unicode
classes are refused. Source: RE2 "Syntax" page and Go's `regexp/syntax` package documentation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tui.oci.saying import N_, phrase

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_REFUSED_GROUPS = {
    "=": "lookahead",
    "!": N_("negative lookahead"),
    "<=": "lookbehind",
    "<!": N_("negative lookbehind"),
    "P=": N_("a backreference"),
    "P>": "recursion",
    ">": N_("an atomic group"),
    "(": N_("a conditional group"),
    "#": N_("a comment"),
}
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_NAME = re.compile(r"\(\?P?<(\w+)>", re.ASCII)
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NUMBER = re.compile(r"\\(?:([1-7][0-7]{1,2}|0[0-7]{0,2})|x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\})")
_POSIX_CLASS = re.compile(r"\[:(\^?)(\w+):\]")
_MAX_REPEAT = 1000
_MAX_CODE = 0x10FFFF


class RegexError(ValueError):
    """The text is not an RE2 expression, or uses a part of RE2 that has no meaning for tags."""


@lru_cache(maxsize=256)
def compile(pattern: str) -> re.Pattern[str]:
    """Return `pattern` ready for `search`, which matches anywhere in the text. Raises RegexError."""
    try:
        return re.compile(_Translation(pattern).run(), re.ASCII)
    except re.error as error:
        raise RegexError(error.msg) from None


class _Translation:
    """One pass over a pattern, left to right; `rest` is what has not been read."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern
        self.flags: set[str] = set()
        self.names: set[str] = set()

    def run(self) -> str:
        out: list[str] = []
        while self.rest:
            flags = self.flags
            item = self._item()
            if self.flags != flags and any(out):
                raise RegexError(N_("flags inside the expression need a group: (?i:...)"))
            out.append(item)
        return (f"(?{''.join(sorted(self.flags))})" if self.flags else "") + "".join(out)

    def _take(self, count: int) -> str:
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def _item(self) -> str:
        if quantifier := self._quantifier():
            if again := self._quantifier():
                raise RegexError(phrase("{quantifier!r} repeats a repetition", quantifier=quantifier + again))
            return quantifier
        if self.rest[0] == "(":
            return self._group()
        if self.rest[0] == "[":
            return self._class()
        if self.rest[0] == "\\":
            return self._escape()
        character = self._take(1)
        if character == "{":
            return r"\{"
        return f"(?:{character})" if character in "^$" else character

    def _quantifier(self) -> str:
        """Take `*`, `+`, `?` or `{n,m}`, with the `?` that makes it lazy; '' when none is next."""
        match = _QUANTIFIER.match(self.rest)
        if match is None:
            return ""
        least, most = int(match[1] or 0), int(match[2] or match[1] or 0)
        if max(least, most) > _MAX_REPEAT:
            raise RegexError(
                phrase("{match!r} repeats more than {max_repeat} times", match=match[0], max_repeat=_MAX_REPEAT)
            )
        return self._take(match.end())

    def _group(self) -> str:
        """Take the opening of a group. Captures are of no use here, so names are checked and dropped."""
        if not self.rest.startswith("(?"):
            return self._take(1)
        if name := _NAME.match(self.rest):
            if name[1] in self.names:
                raise RegexError(phrase("the group name {name!r} is used twice", name=name[1]))
            self.names.add(name[1])
            self._take(name.end())
            return "("
        if flags := _FLAGS.match(self.rest):
            self._take(flags.end())
            on, off = (set(part or "") - {"U"} for part in flags.group(1, 2))
            if flags[3] == ":":
                return f"(?{''.join(sorted(on - off))}{'-' if off else ''}{''.join(sorted(off))}:"
            self.flags = (self.flags | on) - off
            return ""
        for opening, what in _REFUSED_GROUPS.items():
            if self.rest.startswith(opening, 2):
                raise RegexError(phrase("{what} '(?{opening}' is not part of RE2", what=what, opening=opening))
        raise RegexError(phrase("{rest!r} opens no group that RE2 knows", rest=self.rest[:4]))

    def _escape(self) -> str:
        if len(self.rest) == 1:
            raise RegexError(N_("the backslash at the end escapes nothing"))
        letter = self.rest[1]
        if letter == "Q":
            literal, _, self.rest = self.rest[2:].partition(r"\E")
            return re.escape(literal)
        if letter in "AzbB":
            self._take(2)
            return rf"(?:\{letter.replace('z', 'Z')})"
        if letter in "dDsSwW":
            return self._take(2)
        return re.escape(self._escaped_character())

    def _escaped_character(self) -> str:
        """Take an escape that stands for one character."""
        if number := _NUMBER.match(self.rest):
            self._take(number.end())
            octal, short, long = number.groups()
            code = int(octal, 8) if octal else int(short or long, 16)
            if code > _MAX_CODE:
                raise RegexError(phrase("{number!r} is not a character", number=number[0]))
            return chr(code)
        escape = self._take(2)
        letter = escape[1:]
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter.isascii() and letter and not letter.isalnum():
            return letter
        if letter in "pP":
            raise RegexError(phrase("the Unicode class {escape!r} has no meaning here: tags are ASCII", escape=escape))
        if letter.isdigit():
            raise RegexError(phrase("the backreference {escape!r} is not part of RE2", escape=escape))
        raise RegexError(phrase("{escape!r} is not an escape that RE2 knows", escape=escape))

    def _class(self) -> str:
        opening = self._take(2 if self.rest.startswith("[^") else 1)
        items: list[str] = []
        while not self.rest.startswith("]") or not items:
            if not self.rest:
                raise RegexError(N_("a character class '[' has no closing ']'"))
            items.append(self._class_item())
        self._take(1)
        return f"{opening}{''.join(items)}]"

    def _class_item(self) -> str:
        if posix := _POSIX_CLASS.match(self.rest):
            self._take(posix.end())
            if posix[2] not in _POSIX:
                raise RegexError(phrase("{posix!r} is not a class that RE2 knows", posix=posix[0]))
            ranges = _POSIX[posix[2]]
            return _complement(ranges) if posix[1] else ranges
        if len(self.rest) > 1 and self.rest[0] == "\\" and self.rest[1] in "dDsSwW":
            return self._take(2)
        low = self._class_character()
        if not self.rest.startswith("-") or self.rest.startswith("-]") or self.rest == "-":
            return re.escape(low)
        self._take(1)
        high = self._class_character()
        if high < low:
            raise RegexError(phrase("the range {low}-{high} runs backwards", low=low, high=high))
        return f"{re.escape(low)}-{re.escape(high)}"

    def _class_character(self) -> str:
        return self._escaped_character() if self.rest.startswith("\\") else self._take(1)


def _complement(ranges: str) -> str:
    """Return the ASCII characters outside `ranges`, as they are written inside a class."""
    outside = re.compile(f"[^{ranges}]")
    return "".join(re.escape(chr(code)) for code in range(128) if outside.match(chr(code)))
