"""The manifest endpoints: end-3, end-7, end-9 and the referrers list, end-12 (distribution-spec v1.1.1)."""

from __future__ import annotations

import json

from aiohttp import web

from tui.demo.body import body_pieces
from tui.demo.content import INDEX, InvalidManifest, ManifestContent, read_manifest
from tui.demo.index import Storage, StoredManifest
from tui.demo.refusal import Refusal, checked_digest
from tui.oci.reference import digest_of, is_tag

MANIFEST_LIMIT = 4 * 1024 * 1024
"""Bytes; what the specification asks registries to accept at least."""


class Manifests:
    """Answers for manifests. Each method takes the request, the repository and the tag or digest in its path."""

    def __init__(self, storage: Storage, limit: int = MANIFEST_LIMIT) -> None:
        self._storage = storage
        self._limit = limit

    async def get(self, request: web.BaseRequest, repository: str, reference: str) -> web.StreamResponse:
        """Send the manifest's bytes as they were pushed."""
        stored = self._stored(repository, reference)
        return web.Response(body=self._storage.read(stored.digest), headers=_headers(stored))

    async def head(self, request: web.BaseRequest, repository: str, reference: str) -> web.StreamResponse:
        """Say what a GET would send."""
        return web.Response(headers=_headers(self._stored(repository, reference)))

    async def put(self, request: web.BaseRequest, repository: str, reference: str) -> web.StreamResponse:
        """Keep a manifest under its digest and, when `reference` is one, a tag; `?tag=` adds more (spec main)."""
        digest = checked_digest(reference) if ":" in reference else ""
        tags = request.query.getall("tag", []) if digest else [reference]
        for tag in tags:
            if not is_tag(tag):
                raise Refusal(400, "MANIFEST_INVALID", f"{tag!r} is not a tag")
        body = await self._body(request)
        if digest and digest_of(body, digest.partition(":")[0]) != digest:
            raise Refusal(400, "DIGEST_INVALID", "the manifest does not have the digest in the path", digest)
        try:
            content = read_manifest(body, request.headers.get("Content-Type", "").partition(";")[0].strip())
        except InvalidManifest as error:
            raise Refusal(400, "MANIFEST_INVALID", "manifest invalid", str(error)) from error
        self._require(repository, content)
        digest = self._storage.put_manifest(repository, body, content.media_type, digest=digest, tags=tags)
        response = web.Response(
            status=201,
            headers={"Location": f"/v2/{repository}/manifests/{digest}", "Docker-Content-Digest": digest},
        )
        if content.subject:
            response.headers["OCI-Subject"] = content.subject
        if ":" in reference:
            for tag in tags:
                response.headers.add("OCI-Tag", tag)
        return response

    async def delete(self, request: web.BaseRequest, repository: str, reference: str) -> web.StreamResponse:
        """Remove a tag alone, or a manifest with all its tags."""
        if ":" in reference:
            removed = self._storage.delete_manifest(repository, checked_digest(reference))
        else:
            removed = self._storage.untag(repository, reference)
        if not removed:
            raise _unknown(repository, reference)
        return web.Response(status=202)

    async def referrers(self, request: web.BaseRequest, repository: str, digest: str) -> web.StreamResponse:
        """List the manifests whose `subject` is `digest`, as an index; unknown digests have none."""
        found = self._storage.referrers(repository, checked_digest(digest))
        headers = {"Content-Type": INDEX}
        if wanted := request.query.get("artifactType"):
            found = [entry for entry in found if entry.get("artifactType") == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
        return web.Response(body=json.dumps(index).encode(), headers=headers)

    def _stored(self, repository: str, reference: str) -> StoredManifest:
        stored = self._storage.manifest(repository, checked_digest(reference) if ":" in reference else reference)
        if stored is None:
            raise _unknown(repository, reference)
        return stored

    async def _body(self, request: web.BaseRequest) -> bytes:
        too_large = Refusal(413, "MANIFEST_INVALID", f"a manifest may have {self._limit} bytes at most")
        if (request.content_length or 0) > self._limit:
            raise too_large
        body = bytearray()
        async for piece in await body_pieces(request):
            body += piece
            if len(body) > self._limit:
                raise too_large
        return bytes(body)

    def _require(self, repository: str, content: ManifestContent) -> None:
        storage = self._storage
        missing = [blob for blob in content.blobs if not storage.has_blob(repository, blob)]
        missing += [
            child
            for child in content.children
            # BuildKit's cache export is an index whose entries are layers
            if storage.manifest(repository, child) is None and not storage.has_blob(repository, child)
        ]
        if missing:
            raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", *dict.fromkeys(missing))


def _headers(stored: StoredManifest) -> dict[str, str]:
    return {
        "Content-Type": stored.media_type,
        "Content-Length": str(stored.size),
        "Docker-Content-Digest": stored.digest,
        "Docker-Distribution-Api-Version": "registry/2.0",
    }


def _unknown(repository: str, reference: str) -> Refusal:
    return Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", {"name": repository, "reference": reference})
