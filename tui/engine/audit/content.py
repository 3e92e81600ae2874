"""The manifests and blobs of a run, each once, as far as the journal or a verification knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.engine.tasks import Task
from tui.engine.trees import StoredManifests
from tui.engine.verify.check import manifest_document


class Contents:
    """Collects manifests while tasks are gone through; `manifests` by digest."""

    def __init__(self, planned: StoredManifests, verified: Mapping[str, dict[str, Any]]) -> None:
        self.manifests: dict[str, dict[str, Any]] = {}
        self._planned = planned
        self._verified = verified

    def of(self, task: Task, root: str) -> list[str]:
        """Return the digests of all manifests of a task that are known, the root first, referrers last."""
        found: dict[str, None] = {}
        left = [root]
        while left:
            digest = left.pop(0)
            if digest in found or (manifest := self._manifest(digest)) is None:
                continue
            found[digest] = None
            left += manifest["manifests"]
            left += self._planned.attached_to(task.source.repository, digest)
        return list(found)

    def platforms(self, root: str) -> list[str]:
        """Return the platforms an index lists."""
        return list(dict.fromkeys(self.manifests.get(root, {}).get("platforms", ())))

    def _manifest(self, digest: str) -> dict[str, Any] | None:
        if digest not in self.manifests:
            stored = self._planned.stored(digest)
            document = manifest_document(stored) if stored is not None else self._verified.get(digest)
            if document is None:
                return None
            self.manifests[digest] = document
        return self.manifests[digest]


def blobs_of(manifests: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every blob once: digest to size and media type."""
    return {blob["digest"]: blob for blob in _all(manifests)}


def _all(manifests: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for manifest in manifests.values():
        yield from manifest["blobs"]
