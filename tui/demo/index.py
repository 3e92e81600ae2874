"""What the demo registry remembers: content by digest, and for each repository which of it is linked there.

The rules are here; where the bytes live is up to the subclasses in `tui.demo.storage`. Everything runs on one
event loop and never awaits, so a change is whole before another request can look.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from tui.demo.content import Descriptor, read_manifest, referrer_descriptor
from tui.demo.session import Upload
from tui.oci.reference import digest_of


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest of a repository: `digest`, the media type it was pushed with, and its size in bytes."""

    digest: str
    media_type: str
    size: int


@dataclass(slots=True)
class RepositoryIndex:
    """What one repository holds. A blob that is not linked here is not visible here."""

    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    referrers: dict[str, dict[str, Descriptor]] = field(default_factory=dict)
    """By subject digest, then by the referring manifest's digest."""
    sorted_tags: list[str] | None = None


class Storage(ABC):
    """Repositories with their tags, manifests, blobs and referrers; subclasses keep the bytes."""

    def __init__(self) -> None:
        self._repositories: dict[str, RepositoryIndex] = {}
        self._uploads: dict[str, Upload] = {}

    # Repositories and tags

    def repositories(self) -> list[str]:
        """Return the repositories that hold a manifest, sorted."""
        return sorted(name for name, index in self._repositories.items() if index.manifests)

    def has_repository(self, repository: str) -> bool:
        """Return whether anything was ever put into `repository`."""
        return repository in self._repositories

    def tags(self, repository: str) -> list[str]:
        """Return the tags of `repository` in byte order. The list is shared: do not change it."""
        index = self._repositories.get(repository)
        if index is None:
            return []
        if index.sorted_tags is None:
            index.sorted_tags = sorted(index.tags)
        return index.sorted_tags

    def tag(self, repository: str, tag: str, digest: str) -> None:
        """Point `tag` at the manifest `digest` of the same repository."""
        index = self._repositories[repository]
        if tag not in index.tags:
            index.sorted_tags = None
        index.tags[tag] = digest
        self._keep_link(repository, "tags", tag, digest)

    def untag(self, repository: str, tag: str) -> bool:
        """Remove `tag`, not its manifest. Returns whether it was there."""
        index = self._repositories.get(repository)
        if index is None or index.tags.pop(tag, None) is None:
            return False
        index.sorted_tags = None
        self._drop_link(repository, "tags", tag)
        return True

    # Manifests

    def manifest(self, repository: str, reference: str) -> StoredManifest | None:
        """Return the manifest that `reference` (tag or digest) names in `repository`."""
        index = self._repositories.get(repository)
        if index is None:
            return None
        return index.manifests.get(index.tags.get(reference, reference))

    def put_manifest(
        self, repository: str, body: bytes, media_type: str, *, digest: str = "", tags: Iterable[str] = ()
    ) -> str:
        """Keep `body` under `digest` (sha256 of it by default), indexed as a referrer, and point `tags` at it.

        Returns the digest. What the manifest refers to is not looked for here.
        Raises InvalidManifest when the body is none and names a subject.
        """
        digest = digest or digest_of(body)
        self._keep_content(digest, body)
        self._index_manifest(repository, StoredManifest(digest, media_type, len(body)), body)
        self._keep_link(repository, "manifests", digest, media_type)
        for tag in tags:
            self.tag(repository, tag, digest)
        return digest

    def _index_manifest(self, repository: str, stored: StoredManifest, body: bytes) -> None:
        index = self._repositories.setdefault(repository, RepositoryIndex())
        index.manifests[stored.digest] = stored
        if b'"subject"' in body:  # parsing every manifest would be felt with 10,000 of them
            content = read_manifest(body, stored.media_type)
            if content.subject:
                entry = referrer_descriptor(content, stored.digest, stored.size)
                index.referrers.setdefault(content.subject, {})[stored.digest] = entry

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Remove the manifest, its tags and its referrer entry. Returns whether it was there."""
        index = self._repositories.get(repository)
        if index is None or digest not in index.manifests:
            return False
        for tag in [tag for tag, tagged in index.tags.items() if tagged == digest]:
            self.untag(repository, tag)
        for entries in index.referrers.values():
            entries.pop(digest, None)
        del index.manifests[digest]
        self._drop_link(repository, "manifests", digest)
        self._drop_unused(digest)
        return True

    def referrers(self, repository: str, subject: str) -> list[Descriptor]:
        """Return the descriptors of the manifests that name `subject`, in order of their digests."""
        index = self._repositories.get(repository)
        return [entry for _, entry in sorted(index.referrers.get(subject, {}).items())] if index else []

    # Blobs

    def has_blob(self, repository: str, digest: str) -> bool:
        """Return whether the blob is linked into `repository`."""
        index = self._repositories.get(repository)
        return index is not None and digest in index.blobs

    def put_blob(self, repository: str, body: bytes, digest: str = "") -> str:
        """Keep a whole blob and link it; `digest`, when given, is taken on trust. Returns the digest."""
        digest = digest or digest_of(body)
        self._keep_content(digest, body)
        self.link_blob(repository, digest)
        return digest

    def link_blob(self, repository: str, digest: str) -> None:
        """Make content that is already kept visible in `repository` (a cross-repository mount)."""
        index = self._repositories.setdefault(repository, RepositoryIndex())
        if digest not in index.blobs:
            index.blobs.add(digest)
            self._keep_link(repository, "blobs", digest, "")

    def delete_blob(self, repository: str, digest: str) -> bool:
        """Unlink the blob. Returns whether it was there."""
        if not self.has_blob(repository, digest):
            return False
        self._repositories[repository].blobs.discard(digest)
        self._drop_link(repository, "blobs", digest)
        self._drop_unused(digest)
        return True

    def _drop_unused(self, digest: str) -> None:
        indexes = self._repositories.values()
        if not any(digest in index.blobs or digest in index.manifests for index in indexes):
            self._drop_content(digest)

    # Uploads

    def start_upload(self, repository: str, algorithm: str = "sha256") -> Upload:
        """Open an upload session for `repository`, to be hashed by `algorithm`."""
        upload = self._new_upload(uuid.uuid4().hex, repository, algorithm)
        self._uploads[upload.id] = upload
        return upload

    def find_upload(self, repository: str, upload_id: str) -> Upload | None:
        """Return the open session, or None."""
        upload = self._uploads.get(upload_id)
        return upload if upload is not None and upload.repository == repository else None

    def take_upload(self, upload: Upload) -> None:
        """Close the session to further requests: its bytes now become a blob or go away."""
        upload.turn += 1
        upload.pause()
        self._uploads.pop(upload.id, None)

    def uploads(self) -> int:
        """Return how many sessions are open, to look for leaks."""
        return len(self._uploads)

    def finish_upload(self, upload: Upload, digest: str) -> None:
        """Turn a taken upload, whose digest was checked, into a blob of its repository."""
        self._keep_upload(upload, digest)
        self.link_blob(upload.repository, digest)

    # Where the bytes are: for subclasses

    @abstractmethod
    def open(self, digest: str) -> BinaryIO:
        """Return a reader of the content, at its start."""

    @abstractmethod
    def read(self, digest: str) -> bytes:
        """Return the whole content, for manifests and small blobs."""

    @abstractmethod
    def size(self, digest: str) -> int:
        """Return the content's size in bytes."""

    @abstractmethod
    def discard_upload(self, upload: Upload) -> None:
        """Throw away the bytes of a taken upload."""

    @abstractmethod
    def _new_upload(self, upload_id: str, repository: str, algorithm: str) -> Upload: ...

    @abstractmethod
    def _keep_upload(self, upload: Upload, digest: str) -> None: ...

    @abstractmethod
    def _keep_content(self, digest: str, body: bytes) -> None: ...

    @abstractmethod
    def _drop_content(self, digest: str) -> None: ...

    @abstractmethod
    def _keep_link(self, repository: str, kind: str, name: str, value: str) -> None: ...

    @abstractmethod
    def _drop_link(self, repository: str, kind: str, name: str) -> None: ...
