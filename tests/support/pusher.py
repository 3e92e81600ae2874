"""Push made images straight over HTTP: no tool in between that could change a byte."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from tests.support.images import Blob, Manifest
from tests.support.registry import RealRegistry


class Pusher:
    """Pushes to one registry. Blobs go up as one PUT; what is there already is not sent again."""

    def __init__(self, registry: RealRegistry) -> None:
        self._registry = registry
        self._client = httpx.Client(
            base_url=registry.url, verify=registry.tls_context() or True, timeout=120, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def blob(self, repository: str, blob: Blob, *, mount_from: str = "") -> None:
        """Push one blob into `repository`, by a mount from another repository when `mount_from` says so."""
        headers = self._registry.headers(repository)
        if self._client.head(f"/v2/{repository}/blobs/{blob.digest}", headers=headers).status_code == 200:
            return
        query = {"mount": blob.digest, "from": mount_from} if mount_from else {}
        begun = self._client.post(f"/v2/{repository}/blobs/uploads/", headers=headers, params=query)
        if begun.status_code == 201:
            return
        _expect(begun, 202)
        location = httpx.URL(begun.headers["Location"])
        put = self._client.put(
            location.copy_merge_params({"digest": blob.digest}),
            headers={
                **headers,
                "Content-Type": "application/octet-stream",
                "Content-Length": str(blob.size),
            },
            content=blob.body if blob.body is not None else blob.chunks(),
        )
        _expect(put, 201)

    def manifest(self, repository: str, manifest: Manifest, tags: Iterable[str] = ()) -> None:
        """Push blobs, children and the manifest, then the tags (only by digest when there are none)."""
        for blob in manifest.blobs:
            self.blob(repository, blob)
        for child in manifest.children:
            self.manifest(repository, child)
        headers = {**self._registry.headers(repository), "Content-Type": manifest.media_type}
        for reference in list(tags) or [manifest.digest]:
            put = self._client.put(f"/v2/{repository}/manifests/{reference}", headers=headers, content=manifest.body)
            _expect(put, 201)

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Delete a manifest and all tags on it."""
        headers = self._registry.headers(repository)
        _expect(self._client.delete(f"/v2/{repository}/manifests/{digest}", headers=headers), 202)


def push(registry: RealRegistry, repository: str, manifest: Manifest, *tags: str) -> None:
    """Push one manifest with all it needs under `tags`."""
    pusher = Pusher(registry)
    try:
        pusher.manifest(repository, manifest, tags)
    finally:
        pusher.close()


def _expect(response: httpx.Response, status: int) -> None:
    if response.status_code != status:
        raise AssertionError(
            f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
        )
