"""Whether a sentence of the rooms below the app is one in Chinese too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tui.app import i18n
from tui.oci.errors import RegistryError
from tui.oci.saying import Said
from tui.providers.check_steps import Step
from tui.providers.findings import Finding

_ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


@contextmanager
def chinese() -> Iterator[None]:
    """Speak Chinese inside."""
    before = i18n.language()
    i18n.install("zh_CN")
    try:
        yield
    finally:
        i18n.install(before)


def in_chinese(sentence: str) -> str:
    """Return a sentence in Chinese. Raises AssertionError when some of it stays English."""
    with chinese():
        text = i18n.said(sentence)
    assert not sentence or re.search("[一-鿿]", text), f"not translated: {text}"
    ours = text
    for foreign in _foreign(sentence):
        ours = ours.replace(foreign, "")
    assert not _ENGLISH.search(ours), f"still English: {text}"
    return text


def _foreign(sentence: str) -> Iterator[str]:
    """Yield what is no sentence of ours: names, and what a registry said."""
    if isinstance(sentence, Said):
        for value in sentence.values.values():
            if isinstance(value, Said):
                yield from _foreign(value)
            elif isinstance(value, str) and value:
                yield value


def assert_in_chinese(error: RegistryError) -> None:
    """Hold message and hint of an error to that."""
    in_chinese(error.message)
    in_chinese(error.hint)


def step_in_chinese(step: Step) -> None:
    """Hold a step of the connection test to that; what the registry said stays as it said it."""
    in_chinese(step.hint)
    assert step.hint
    in_chinese(step.detail)


def findings_in_chinese(findings: Sequence[Finding]) -> None:
    """Hold every sentence of findings to that."""
    for each in findings:
        for sentence in (each.words, each.hint, each.action.words if each.action else ""):
            in_chinese(sentence)
