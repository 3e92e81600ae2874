"""What a run asks of a place that holds images: a registry behind its API, or an OCI image layout on a disk.

`tui.oci.client.RegistryClient` and `tui.oci.layout.client.LayoutClient` are both this; `tui.oci.opening` opens the one
that a reference names. Everything raises RegistryError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.host import Host
from tui.oci.manifest import Manifest
from tui.oci.reference import Repository
from tui.oci.retry import Attempts

if TYPE_CHECKING:
    from tui.oci.blobs import BlobHead
    from tui.oci.bodies import Parts
    from tui.oci.exchange import Traffic
    from tui.oci.manifests import ManifestHead


class UploadSession(Protocol):
    """A blob that is being written; see `tui.oci.upload.Upload` for what the members promise."""

    offset: int
    location: str
    minimum_chunk: int
    one_chunk_per_connection: bool

    def own_connection(self) -> AbstractAsyncContextManager[None]:
        """Keep to a connection of its own while it lasts, where there are connections."""
        ...

    async def append(self, length: int, body: Parts) -> None:
        """Append `length` bytes as `body` gives them; it may be iterated again from its beginning.

        Raises UploadSessionLost when something else was stored.
        """

    async def finish(self, digest: str, rest: bytes = b"") -> None:
        """Append `rest` and make a blob of it."""

    async def stream(self, digest: str, size: int, body: Parts) -> None:
        """Write a whole blob of `size` bytes as `body` gives it."""

    async def status(self) -> int:
        """Return how many bytes are stored, and move there. Raises UploadSessionLost when the session is gone."""
        ...

    async def cancel(self) -> None:
        """Give it up, so that its bytes need not be kept."""


class Registry(Protocol):
    """Repositories with tags, manifests and blobs. Use as an async context manager, or close it."""

    registry: str

    async def close(self) -> None:
        """Let go of connections and files."""

    async def reach(self) -> str:
        """Make sure that it answers and return where it is; what comes first does that by itself as well."""
        ...

    def attempts(self) -> Attempts:
        """Return a count of attempts at one thing."""
        ...

    @property
    def host(self) -> Host:
        """What holds for the whole place."""
        ...

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        ...

    def tags(self, repository: Repository) -> AsyncIterator[list[str]]:
        """Yield the tags of a repository page by page. Raises NotFound when it is not there."""
        ...

    def catalog(self) -> AsyncIterator[list[str]]:
        """Yield the repositories page by page."""
        ...

    async def referrers(
        self, repository: Repository, digest: str, tags: Collection[str] | None = None
    ) -> list[Descriptor]:
        """Return what refers to a manifest, each once; `tags` are all tags of the repository where they are known."""
        ...

    async def head_manifest(self, repository: Repository, target: str) -> ManifestHead | None:
        """Return what is under a tag or digest, None when nothing is."""
        ...

    async def get_manifest(self, repository: Repository, target: str) -> Manifest:
        """Return the manifest under a tag or digest, its bytes checked."""
        ...

    async def put_manifest(self, repository: Repository, target: str, manifest: Manifest) -> bool:
        """Store a manifest under a tag or digest; return whether what it refers to lists it now."""
        ...

    async def has_blob(self, repository: Repository, digest: str) -> bool:
        """Return whether the repository has the blob."""
        ...

    async def head_blob(self, repository: Repository, digest: str) -> BlobHead | None:
        """Return what the repository says about a blob, None when it has none; needs no right to write."""
        ...

    async def left_out(self, digest: str) -> frozenset[str] | None:
        """Return None for a blob that can be read, else the repositories that were known to use it.

        Only an export that was made without what earlier ones have leaves out blobs.
        """
        ...

    def read_blob(
        self, repository: Repository, digest: str, offset: int = 0, size: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a blob for reading from `offset` (bytes); yields its pieces, unchecked."""
        ...

    async def get_image_config(self, repository: Repository, config: Descriptor, limit: int) -> ImagePlatform:
        """Return the platform an image's config blob states, reading at most `limit` bytes."""
        ...

    async def start_upload(self, repository: Repository) -> UploadSession:
        """Begin to write a blob."""
        ...

    async def resume_upload(self, repository: Repository, location: str, offset: int = 0) -> UploadSession:
        """Go on with a blob begun earlier, of which `offset` bytes are known to have been written.

        Raises UploadSessionLost when it is not known any more.
        """
        ...

    async def mount(self, repository: Repository, digest: str, source: Repository) -> UploadSession | None:
        """Take a blob from another repository of this place; None when that is done, a session to write it if not."""
        ...
