"""Manifests of a registry (distribution spec, "Pulling manifests" and "Pushing Manifests")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.oci.call import Call
from tui.oci.connected import Connected, delete, pull, push, reference_of
from tui.oci.errors import (
    DeletionUnsupported,
    Denied,
    IntegrityError,
    NotFound,
    PolicyRefused,
    RegistryError,
    UnsupportedContent,
)
from tui.oci.manifest import ACCEPT, MAX_MANIFEST, Manifest, parse_manifest
from tui.oci.reference import Repository, contradicts, is_digest
from tui.oci.saying import N_, phrase

_LENGTH = re.compile(r"[0-9]{1,18}")
_NO_DELETION = frozenset({"UNSUPPORTED", "DIGEST_INVALID"})


@dataclass(frozen=True, slots=True)
class ManifestHead:
    """What a HEAD says about a manifest; `size` in bytes, 0 when the registry did not say."""

    digest: str
    media_type: str
    size: int


class Manifests(Connected):
    """Looks at, reads and pushes manifests. All methods raise RegistryError."""

    async def head_manifest(self, repository: Repository, target: str) -> ManifestHead | None:
        """Return what the registry has under a tag or digest, None when it has nothing there."""
        call = self._manifest_call("HEAD", repository, target, N_("look at the manifest"))
        try:
            answer = await self._channel.send(call)
        except NotFound:
            return None
        except Denied:
            # A HEAD has no body; the same GET says why.
            await self._channel.send(self._manifest_call("GET", repository, target, N_("look at the manifest")))
            raise
        except PolicyRefused as error:
            if error.status != 405:
                raise
            return await self._head_by_get(repository, target)
        digest = answer.headers.get("docker-content-digest", "")
        if not is_digest(digest) or (is_digest(target) and digest != target):
            # The bytes decide when the header is missing, or is not about what was asked for.
            return await self._head_by_get(repository, target)
        length = answer.headers.get("content-length", "")
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return ManifestHead(digest, media_type, int(length) if _LENGTH.fullmatch(length) else 0)

    async def _head_by_get(self, repository: Repository, target: str) -> ManifestHead | None:
        try:
            manifest = await self.get_manifest(repository, target)
        except NotFound:
            return None
        return ManifestHead(manifest.digest, manifest.media_type, manifest.size)

    async def get_manifest(self, repository: Repository, target: str) -> Manifest:
        """Return the manifest under a tag or digest, its bytes checked against the digest.

        For a tag that is the digest the registry states, if it states one. Raises IntegrityError when they differ,
        UnsupportedContent for what is not copied, ServerError for a web page in its place.
        """
        answer = await self._channel.send(self._manifest_call("GET", repository, target, N_("read the manifest")))
        if answer.body.lstrip()[:1] == b"<":
            answer.json(N_("a manifest"))
        expected = target if is_digest(target) else ""
        try:
            manifest = parse_manifest(answer.body, answer.headers.get("content-type", ""), expected)
            stated = answer.headers.get("docker-content-digest", "")
            if contradicts(stated, manifest.digest):
                raise IntegrityError(
                    phrase(
                        "the manifest has digest {digest}, the registry states {stated}",
                        digest=manifest.digest,
                        stated=stated,
                    )
                )
            return manifest
        except (IntegrityError, UnsupportedContent) as error:
            raise type(error)(
                error.message,
                endpoint=self.registry,
                reference=reference_of(repository, target),
                hint=error.hint,
            ) from error

    async def put_manifest(self, repository: Repository, target: str, manifest: Manifest) -> bool:
        """Push a manifest under a tag or digest; returns whether the registry indexed its subject (`OCI-Subject`)."""
        call = Call(
            "PUT",
            f"{repository.path}/manifests/{target}",
            push(repository),
            N_("push the manifest"),
            reference_of(repository, target),
            headers={"Content-Type": manifest.media_type},
            body=manifest.body,
            accept=frozenset({200, 201, 202}),
        )
        answer = await self._channel.send(call)
        stored = answer.headers.get("docker-content-digest", "")
        if contradicts(stored, manifest.digest):
            raise IntegrityError(
                phrase(
                    "the registry stored the manifest as {stored}, pushed was {digest}",
                    stored=stored,
                    digest=manifest.digest,
                ),
                endpoint=self.registry,
                reference=reference_of(repository, target),
            )
        return "oci-subject" in answer.headers

    async def delete_manifest(self, repository: Repository, target: str) -> None:
        """Delete a tag alone, or a manifest with every tag it has ("Deleting Manifests", "Deleting tags").

        Raises DeletionUnsupported where the registry deletes no tags, or nothing at all, NotFound when it is not there.
        """
        call = Call(
            "DELETE",
            f"{repository.path}/manifests/{target}",
            delete(repository),
            N_("delete the manifest") if is_digest(target) else N_("delete the tag"),
            reference_of(repository, target),
            accept=frozenset({200, 202, 204}),
        )
        try:
            await self._channel.send(call)
        except RegistryError as error:
            # The specification allows 400 and 405; distribution before 2.8 took the tag for a wrong digest.
            if error.status == 405 or (error.status == 400 and error.code in _NO_DELETION):
                raise DeletionUnsupported(
                    error.message, endpoint=error.endpoint, reference=error.reference, status=error.status,
                    code=error.code,
                ) from error  # fmt: skip
            raise

    def _manifest_call(self, method: str, repository: Repository, target: str, action: str) -> Call:
        return Call(
            method,
            f"{repository.path}/manifests/{target}",
            pull(repository),
            action,
            reference_of(repository, target),
            headers={"Accept": ACCEPT},
            limit=2 * MAX_MANIFEST,
        )
