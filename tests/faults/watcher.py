"""Looks at a registry all the time, as everybody who pulls from it does: a tag that is there must be whole."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from tests.support.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from tests.support.registry import RealRegistry

_ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST))


class Watcher:
    """Polls the tags of some repositories in a thread of its own. `violations` is what must never be.

    Every look at a tag is a look at all below it, by the API; what was whole once is looked at again. `seen` are the
    tags that were seen whole, `looks` how many looks there were.
    """

    def __init__(self, registry: RealRegistry, repositories: Iterable[str]) -> None:
        self.violations: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.looks = 0
        self._unreadable: set[tuple[str, str]] = set()
        self._registry = registry
        self._repositories = list(repositories)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._ended.is_set():
            connection = http.client.HTTPConnection(self._registry.address, timeout=10)
            try:
                while not self._ended.wait(0.02):
                    for repository in self._repositories:
                        self._look(connection, repository)
                    self.looks += 1
            except (OSError, http.client.HTTPException):
                self._ended.wait(0.05)  # the registry is being restarted
            finally:
                connection.close()

    def _look(self, connection: http.client.HTTPConnection, repository: str) -> None:
        status, body = _get(connection, f"/v2/{repository}/tags/list")
        if status != 200:
            return
        for tag in json.loads(body)["tags"] or ():
            if self._whole(connection, repository, tag):
                self.seen.add((repository, tag))

    def _whole(self, connection: http.client.HTTPConnection, repository: str, reference: str) -> bool:
        status, body = _get(connection, f"/v2/{repository}/manifests/{reference}")
        if status == 404 and ":" not in reference:
            # distribution lists a tag as soon as its folder is there, a moment before its first manifest.
            return False
        if status == 500 and (repository, reference) not in self._unreadable:
            # It writes the link of a tag in place, so that it is empty for a moment; the next look must find it whole.
            self._unreadable.add((repository, reference))
            return False
        if status != 200:
            return self._violated(f"{repository}:{reference} answers {status}")
        self._unreadable.discard((repository, reference))
        if ":" in reference and f"sha256:{hashlib.sha256(body).hexdigest()}" != reference:
            return self._violated(f"{repository}@{reference} has other bytes")
        manifest: dict[str, Any] = json.loads(body)
        parts = [manifest["config"]] if "config" in manifest else []
        whole = all(self._whole(connection, repository, child["digest"]) for child in manifest.get("manifests", ()))
        for part in [*parts, *manifest.get("layers", ())]:
            status, size = _head(connection, f"/v2/{repository}/blobs/{part['digest']}")
            if (status, size) != (200, part["size"]):
                whole = self._violated(f"{repository}:{reference} lacks {part['digest']}: {status}, {size} bytes")
        return whole

    def _violated(self, what: str) -> bool:
        self.violations.append(what)
        return False


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", path, headers={"Accept": _ACCEPT})
    response = connection.getresponse()
    return response.status, response.read()


def _head(connection: http.client.HTTPConnection, path: str) -> tuple[int, int]:
    connection.request("HEAD", path)
    response = connection.getresponse()
    response.read()
    return response.status, int(response.headers.get("Content-Length") or 0)
