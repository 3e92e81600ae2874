"""What a registry may expect of a client, checked request by request (distribution-spec v1.1.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tui.demo.refusal import Refusal
from tui.demo.registry import split_path
from tui.oci.reference import is_digest, is_tag

if TYPE_CHECKING:
    from tests.support.faults.script import Seen

_CONTENT_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_RANGE = re.compile(r"bytes=[0-9]+-[0-9]*")
_MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Checks:
    """Collects `complaints` about requests. Sessions are known by the last Location a client was given."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._locations: dict[str, set[str]] = {}
        """By the path of the session: every Location that was given for it."""
        self._acknowledged: dict[str, int] = {}
        """By the path of the session: how many bytes the client was told are there."""

    def before(self, seen: Seen) -> None:
        """Check a request as it comes."""
        path, query = urlsplit(seen.path).path, urlsplit(seen.path).query
        try:
            kind, _, last = split_path(path)
        except Refusal:
            self._complain(seen, "there is no such endpoint")
            return
        if seen.headers.get("accept-encoding", "identity") != "identity":
            self._complain(seen, f"asks for the coding {seen.headers['accept-encoding']}, which changes the bytes")
        match kind:
            case "manifests":
                self._manifest(seen, last)
            case "blobs":
                self._blob(seen, last)
            case "uploads" if last:
                self._session(seen, path, query)
            case "uploads":
                self._begin(seen, query)

    def after(self, seen: Seen, response: web.StreamResponse) -> None:
        """Remember what a client was told about an upload session."""
        location = response.headers.get("Location", "")
        if "/uploads/" not in location:
            return
        session = urlsplit(location).path
        self._locations.setdefault(session, set()).add(location.partition("://")[2].partition("/")[2] or location[1:])
        stored = re.fullmatch(r"0-([0-9]+)", response.headers.get("Range", ""))
        if seen.method in ("PATCH", "GET") and response.status in (201, 202, 204):
            # `0-0` is what distribution says of an empty session
            told = int(stored[1]) + 1 if stored and stored[1] != "0" else 0
            self._acknowledged[session] = max(told, self._acknowledged.get(session, 0))

    def _manifest(self, seen: Seen, reference: str) -> None:
        if not (is_tag(reference) or is_digest(reference)):
            self._complain(seen, "is for neither a tag nor a digest")
        if seen.method in ("GET", "HEAD"):
            accepted = seen.headers.get("accept", "")
            missing = [media_type for media_type in _MANIFEST_TYPES if media_type not in accepted]
            if missing:
                self._complain(seen, f"does not accept {missing[0]}")
        if seen.method == "PUT" and not seen.headers.get("content-type", "").startswith("application/"):
            self._complain(seen, "names no media type")

    def _blob(self, seen: Seen, digest: str) -> None:
        if not is_digest(digest):
            self._complain(seen, "is for no digest")
        if "range" in seen.headers and not _RANGE.fullmatch(seen.headers["range"]):
            self._complain(seen, f"asks for the range {seen.headers['range']}")

    def _begin(self, seen: Seen, query: str) -> None:
        fields = parse_qs(query)
        if "mount" in fields and not is_digest(fields["mount"][0]):
            self._complain(seen, "mounts what is no digest")

    def _session(self, seen: Seen, path: str, query: str) -> None:
        given = self._locations.get(path)
        if given is None:
            self._complain(seen, "is for a session nobody was given")
            return
        bare = re.sub(r"[?&]digest=[^&]*$", "", seen.path[1:]) if seen.method == "PUT" else seen.path[1:]
        if bare not in given:
            self._complain(seen, "does not use the Location as it was given")
        if seen.method == "PUT" and not is_digest(parse_qs(query).get("digest", [""])[0]):
            self._complain(seen, "closes an upload without a digest")
        if seen.method != "PATCH":
            return
        match = _CONTENT_RANGE.fullmatch(seen.headers.get("content-range", ""))
        if match is None:
            self._complain(seen, "is a chunk without a Content-Range")
            return
        start, end = int(match[1]), int(match[2])
        if start != self._acknowledged.get(path, 0):
            told = self._acknowledged.get(path, 0)
            self._complain(
                seen, f"starts at byte {start}, the client was told of {told}: a chunk sent twice or left out"
            )
        if seen.headers.get("content-length") not in (None, str(end - start + 1)):
            self._complain(seen, "has another length than its Content-Range")

    def _complain(self, seen: Seen, what: str) -> None:
        self.complaints.append(f"{seen} {what}")
