"""What is copied: many images with shared layers, and one image of very large layers."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import random
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import corpus, images
from tests.support.corpus import Entry
from tests.support.images import Blob
from tests.support.registry import RealRegistry

LARGE_REPOSITORY = "team0/large"
LARGE_TAG = "v1"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Size:
    """How much there is: repositories x tags over three layers shared by all, and one image of four large layers.

    Sizes in bytes: a shared layer, a layer of one repository or image, a large layer.
    """

    repositories: int = 40
    tags: int = 5
    shared: int = 10_000_000
    own: int = 1_000_000
    large: int = 200_000_000

    @property
    def images(self) -> int:
        """How many tags there are."""
        return self.repositories * self.tags

    @property
    def unique(self) -> int:
        """Bytes of the layers of the many images, each counted once."""
        return 3 * self.shared + (self.repositories + self.images) * self.own

    @property
    def large_image(self) -> int:
        """Bytes of the layers of the large image."""
        return 4 * self.large


FULL = Size()
QUICK = Size(repositories=8, tags=5, shared=4_000_000, own=400_000, large=50_000_000)


def push_many(registry: RealRegistry, size: Size) -> dict[str, list[str]]:
    """Push the many images; return the tags by repository."""
    _in_a_child(lambda: _push_many(registry, size))
    tags = [f"v{number}" for number in range(size.tags)]
    return {f"team{number % 4}/app{number:02}": tags for number in range(size.repositories)}


def push_large(registry: RealRegistry, size: Size) -> dict[str, list[str]]:
    """Push the image of four large layers; return its tag by repository."""
    _in_a_child(lambda: _push_large(registry, size))
    return {LARGE_REPOSITORY: [LARGE_TAG]}


def _in_a_child(work: Callable[[], None]) -> None:
    """Do something in a process of its own, whose memory is gone afterwards."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    if child.exitcode != 0:
        raise RuntimeError(f"making the images failed with {child.exitcode}")


def _push_many(registry: RealRegistry, size: Size) -> None:
    made = corpus.shared_layers(size.repositories, size.tags, base_size=size.shared, own_size=size.own)
    corpus.push_all(registry, made)


def _push_large(registry: RealRegistry, size: Size) -> None:
    with tempfile.TemporaryDirectory(prefix="large-layers-") as folder:
        layers = [_large_layer(Path(folder) / str(number), size.large) for number in range(4)]
        corpus.push_all(registry, [Entry(LARGE_REPOSITORY, images.image(layers, label="large"), (LARGE_TAG,))])


@dataclass(frozen=True)
class _FileBlob(Blob):
    """A blob whose bytes are in a file."""

    path: Path = Path()

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(_PIECE):
                yield chunk


def _large_layer(path: Path, size: int) -> Blob:
    """Write a gzip'd tar with `size` random bytes to `path`, piece by piece."""
    plain = hashlib.sha256()
    with path.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
        for piece in _tar(path.name, size):
            plain.update(piece)
            packed.write(piece)
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256")
    return _FileBlob(
        f"sha256:{digest.hexdigest()}", path.stat().st_size, images.OCI_LAYER,
        diff_id=f"sha256:{plain.hexdigest()}", path=path,
    )  # fmt: skip


def _tar(name: str, size: int) -> Iterator[bytes]:
    """Yield a tar of one file (POSIX.1-1988: header, content and end in blocks of 512 bytes)."""
    entry = tarfile.TarInfo(f"data/{name}")
    entry.size = size
    yield entry.tobuf()
    made = random.Random(name)
    left = size
    while left:
        piece = made.randbytes(min(_PIECE, left))
        left -= len(piece)
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
