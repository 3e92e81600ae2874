"""What a registry's answer means: status, error body and headers turned into an error of ours.

Error codes: distribution spec, "Error Codes"; the statuses that real servers use differ, so code goes before status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tui.oci import errors
from tui.oci.errors import RegistryError
from tui.oci.network import proxy_login
from tui.oci.saying import N_, phrase

_SESSION_CODES = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"})
_BLOB_MISSING_CODES = frozenset({"MANIFEST_BLOB_UNKNOWN"})
_REFUSED_CODES = frozenset({"MANIFEST_INVALID", "UNSUPPORTED", "NAME_INVALID", "PROJECTPOLICYVIOLATION"})
_MAY_PASS = frozenset({408, 421, 425, 499})
_IMMUTABLE_WORDS = ("immutable", "cannot be overwritten", "already exists and cannot", "tagalreadyexists")
_QUOTA_WORDS = ("quota", "exceed the configured upper limit", "limit exceeded", "storage limit")
_QUOTA_STATUSES = frozenset({403, 412, 413, 507})
_DISK_WORDS = ("no space left", "disk quota")


class ManifestBlobUnknown(errors.ServerError):
    """The target does not have everything a manifest refers to, although we believed so."""

    default_hint = N_("the target lost content while we pushed; the retry checks and pushes it again")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: status, headers (lower-case names), body, and the URL that was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self, what: str) -> Any:
        """Return the body as JSON. Raises ServerError when it is something else (a portal, a proxy)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise errors.ServerError(
                phrase(
                    "unexpected content instead of {what}: a proxy or portal may answer in place of the registry",
                    what=what,
                ),
                status=self.status,
            ) from error


SOME_NETWORKS_ONLY = N_("the registry or a firewall lets only certain networks in: have this machine's address added")
"""What a 403 for the version check means: nobody was asked for a login yet."""


def error_of(answer: Answer, *, endpoint: str, reference: str, action: str) -> RegistryError:
    """Return the error an answer stands for; `action` completes the sentence "cannot ..."."""
    if answer.status == 407:
        return proxy_login(endpoint, reference)
    code, said = registry_words(answer.body)
    kind = _kind(answer, code, f"{code} {said}".lower())
    return kind(
        phrase("cannot {action}: {said}", action=N_(action), said=said or _plain(answer.status)),
        endpoint=endpoint,
        reference=reference,
        status=answer.status,
        code=code,
        hint=_hint(answer.status, said.lower()),
        retry_after=retry_after(answer.headers),
    )


def refused_words(anybody: str, somebody: str, user: str, said: str) -> str:
    """Return that a login was refused: `somebody` with `{user!r}` where it had a name, with what was said."""
    words = phrase(somebody, user=user) if user else anybody
    return phrase("{words}: {said}", words=words, said=said) if said else words


def registry_words(body: bytes) -> tuple[str, str]:
    """Return the error code and message in a body: the first of each, or '' where there is none."""
    try:
        document = json.loads(body)
        entries = document["errors"]
        parts = [entry for entry in entries if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", _first_line(body)
    if not parts:
        return "", ""
    said = "; ".join(dict.fromkeys(_sentence(part) for part in parts))
    return str(parts[0].get("code") or ""), said


def _sentence(entry: dict[str, Any]) -> str:
    message = str(entry.get("message") or "")
    detail = entry.get("detail")
    if isinstance(detail, dict):
        detail = ", ".join(f"{key} {value}" for key, value in detail.items() if isinstance(value, str | int))
    return f"{message} ({str(detail)[:300]})" if isinstance(detail, str) and detail else message


def _first_line(body: bytes) -> str:
    text = body[:300].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text.partition("\n")[0]


def _kind(answer: Answer, code: str, words: str) -> type[RegistryError]:
    status = answer.status
    if status == 429 or code == "TOOMANYREQUESTS" or (status == 503 and "retry-after" in answer.headers):
        return errors.Throttled
    if code in _SESSION_CODES:
        return errors.UploadSessionLost
    if code in _BLOB_MISSING_CODES:
        return ManifestBlobUnknown
    if status < 500 and any(word in words for word in _IMMUTABLE_WORDS):
        return errors.ImmutableTag
    if status in _QUOTA_STATUSES and any(word in words for word in _QUOTA_WORDS):
        return errors.QuotaExceeded
    if status == 401:
        return errors.Unauthenticated
    if status == 403:
        return errors.Denied
    if status == 416:
        return errors.RangeNotAccepted
    if code in ("DIGEST_INVALID", "SIZE_INVALID"):
        return errors.UploadSessionLost
    if status in (404, 410):
        return errors.NotFound
    if code in _REFUSED_CODES or (400 <= status < 500 and status not in _MAY_PASS) or status in (501, 505, 507):
        return errors.PolicyRefused
    return errors.ServerError


def _hint(status: int, words: str) -> str:
    if any(word in words for word in _DISK_WORDS):
        return N_("the registry's storage is full; free space there and retry")
    if "manifest class" in words:
        return N_("this registry takes images only, not other artifacts; leave this one out")
    if status == 413:
        return N_("a proxy before the registry limits the body size (nginx: client_max_body_size)")
    if status == 507:
        return N_("the registry's storage is full; free space there and retry")
    return ""


def _plain(status: int) -> str:
    known = {
        401: N_("the registry wants a login"),
        403: N_("access is denied"),
        407: N_("the proxy wants a login"),
        404: N_("not found"),
        408: N_("the registry waited too long for the request"),
        413: N_("too large"),
        416: N_("the range is not accepted"),
        429: N_("too many requests"),
        500: N_("internal error of the registry"),
        502: N_("bad gateway before the registry"),
        503: N_("the registry is not available"),
        504: N_("the gateway before the registry timed out"),
    }
    return known.get(status, phrase("HTTP status {status}", status=status))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), or None when absent, junk or not in the future.

    A date is taken relative to the server's own `Date`, so that a wrong clock here does not matter.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value) or None
    until = _date(value)
    if until is None:
        return None
    seconds = (until - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    return seconds if seconds > 0 else None


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
