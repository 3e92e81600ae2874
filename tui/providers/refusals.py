"""What the API of a cloud says went wrong, as an error in words a person can act on: what all clouds have in common."""

from __future__ import annotations

import json
from typing import Any

from tui.oci.answers import Answer, retry_after
from tui.oci.errors import Denied, RegistryError
from tui.oci.saying import N_, phrase
from tui.providers.api.call import ApiCall
from tui.providers.cloud import clock_words

Meaning = tuple[type[RegistryError], str, str]
"""The error a code stands for, what it says ('' leaves the API's own words), and the step to take."""

CLOCK_HINT = N_(
    "set the clock of this machine (for example 'timedatectl set-ntp true'): requests are signed with the time"
)


def refusal(answer: Answer, call: ApiCall, meaning: Meaning, *, code: str, said: str) -> RegistryError:
    """Return the error of an answer; `said` are the API's own words, which name the permission that is missing."""
    kind, words, hint = meaning
    if hint == CLOCK_HINT and (off := clock_words(answer)):
        words = phrase("{words}: it is {by}", words=words, by=off)
    if not words or issubclass(kind, Denied):
        said = said or phrase("HTTP status {status}", status=answer.status)
        words = phrase("{words}: {said}", words=words, said=said) if words else said
    return kind(
        phrase("cannot {action}: {words}", action=call.action, words=words),
        endpoint=answer.url.partition("://")[2].partition("/")[0],
        reference=call.reference,
        status=answer.status,
        code=code,
        hint=hint,
        retry_after=retry_after(answer.headers),
    )


def object_in(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer, an empty one when it holds something else."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
