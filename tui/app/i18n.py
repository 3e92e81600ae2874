"""Words in the user's language, through gettext.

`_()` translates at the moment it is called, so it belongs in code that runs while the app runs. Text that
exists before the language is known (class attributes, BINDINGS, module tables) is marked with `N_()` and
translated where it is shown: `KeyHints` and `HelpScreen` do that for key bindings, `LineTable` for titles.

The catalogs are in `locale/`; `python -m tui.app.locale` brings them up to date.
"""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tui.app.terminal import utf8
from tui.oci.saying import N_, translated

__all__ = [
    "DIRECTORY",
    "DOMAIN",
    "LANGUAGES",
    "N_",
    "choose",
    "install",
    "language",
    "ngettext",
    "pgettext",
    "said",
    "told",
    "whole",
]

DOMAIN = "regferry"
DIRECTORY = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""The languages there is a complete catalog for, each with its own name for itself."""

_current: _gettext.NullTranslations | None = None
_language = SOURCE_LANGUAGE


class Told(Protocol):
    """An error of ours."""

    message: str
    hint: str


def _(message: str) -> str:
    """Return `message` in the language in use."""
    return _catalog().gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of a message that fits `number`."""
    return _catalog().ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """Return `message` as it is said in `context` (a word that needs several translations)."""
    return _catalog().pgettext(context, message)


def said(sentence: str) -> str:
    """Return what something below the app says (`tui.oci.saying`) in the language in use."""
    return translated(sentence, _)


def told(error: Told) -> str:
    """Return an error with its hint, in the language in use."""
    message, hint = said(error.message).rstrip("."), sentence(said(error.hint))
    stop = "。" if language() == "zh_CN" else ". "
    return f"{message}{stop}{hint}".rstrip(". 。") if hint else message


def sentence(text: str) -> str:
    """Return words that stand alone with the capital a sentence begins with."""
    return f"{text[:1].upper()}{text[1:]}"


def whole(error: Exception) -> str:
    """Return an error as its `str` has it, with what it is about, and its hint, in the language in use."""
    text, hint = said(str(error)), said(getattr(error, "hint", ""))
    semicolon = "；" if language() == "zh_CN" else "; "
    return f"{text}{semicolon}{hint}" if hint else text or type(error).__name__


def install(language: str) -> None:
    """Use `language` from now on: a key of `LANGUAGES`."""
    global _current, _language
    _language = language if language in LANGUAGES else SOURCE_LANGUAGE
    _current = _gettext.translation(DOMAIN, DIRECTORY, [_language], fallback=True)


def language() -> str:
    """Return the language in use: a key of `LANGUAGES`."""
    _catalog()
    return _language


def choose(environ: Mapping[str, str], setting: str = "") -> str:
    """Return the language to use: REGFERRY_LANG, then the app's setting, then the locale of the environment.

    The order within the locale is that of GNU gettext: LANGUAGE (a list, ignored in the C locale), LC_ALL,
    LC_MESSAGES, LANG. A language we have no catalog for is English, and so is one that only the locale asks
    for on a terminal that cannot show its characters.
    """
    for explicit in (environ.get("REGFERRY_LANG", ""), setting):
        if explicit:
            return _known(explicit) or SOURCE_LANGUAGE
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if not locale or locale.partition(".")[0] in ("C", "POSIX") or not utf8(environ):
        return SOURCE_LANGUAGE
    for candidate in environ.get("LANGUAGE", "").split(":"):
        if known := _known(candidate):
            return known
    return _known(locale) or SOURCE_LANGUAGE


def _known(locale: str) -> str | None:
    """Return our language for a locale name (`zh_CN.UTF-8`, `zh-Hans`, `en_GB@euro`), None when there is none."""
    name = locale.partition(".")[0].partition("@")[0].replace("-", "_").lower()
    if name in ("zh", "zh_cn", "zh_sg", "zh_my") or name.startswith("zh_hans"):
        return "zh_CN"
    return "en" if name == "en" or name.startswith("en_") else None


def _catalog() -> _gettext.NullTranslations:
    if _current is None:
        install(choose(os.environ))
    assert _current is not None
    return _current
