"""`$NAME` and `${NAME}` in image-syncer's files, by the rules of Go's `os.ExpandEnv` (package `os`, "Expand")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tui.oci.saying import N_

_REFERENCE = re.compile(r"\$(?:\{(?P<braced>[^}]+)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*|[*#$@!?0-9-]))")


@dataclass(frozen=True, slots=True)
class Expansion:
    """A text with its references replaced; `names` are the variables it asked for, `unset` those that are not set."""

    text: str
    names: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


def expand(text: str, environ: Mapping[str, str]) -> Expansion:
    """Return `text` with every reference replaced; a variable that is not set is empty, as in image-syncer."""
    names = tuple(dict.fromkeys(match["braced"] or match["plain"] for match in _REFERENCE.finditer(text)))
    value = _REFERENCE.sub(lambda match: environ.get(match["braced"] or match["plain"], ""), text)
    return Expansion(value, names, tuple(name for name in names if name not in environ))


@dataclass(frozen=True, slots=True)
class Secret:
    """A user name or password after expansion, and what a person should know about it ('' for nothing).

    `remark` never quotes the text: what looks like a variable may be a part of the secret.
    """

    text: str
    remark: str = ""


def expand_secret(text: str, environ: Mapping[str, str]) -> Secret:
    """Return the secret a text of an auth file stands for.

    A text that is one reference is replaced, and is empty when the variable is not set. In a longer text only
    variables that are set and `${NAME}` are replaced: image-syncer makes `robot+ci` of Harbor's `robot$proj+ci`.
    """
    if "$" not in text:
        return Secret(text)
    whole = _REFERENCE.fullmatch(text)
    if whole is not None:
        name = whole["braced"] or whole["plain"]
        value = environ.get(name)
        remark = "" if value is not None else N_("takes an environment variable that is not set and is empty now")
        return Secret(value or "", remark)
    kept = replaced = False

    def replace(match: re.Match[str]) -> str:
        nonlocal kept, replaced
        value = environ.get(match["braced"] or match["plain"])
        if value is None and match["braced"] is None:
            kept = True
            return match[0]
        replaced = True
        return value or ""

    expanded = _REFERENCE.sub(replace, text)
    if replaced:
        return Secret(expanded, N_("has a '$' inside, which was replaced by the environment"))
    if kept:
        return Secret(
            expanded, N_("has a '$' inside and is taken as it is written, where image-syncer cuts out a part")
        )
    return Secret(expanded, N_("has a '$' inside and is taken as it is written"))
