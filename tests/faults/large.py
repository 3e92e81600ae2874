"""Large images of random bytes, straight into the storage of a source: no push, hardly any memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import shutil
import tarfile
from pathlib import Path

from tests.support import images
from tests.support.images import Blob, Manifest
from tests.support.pusher import push
from tests.support.registry import RealRegistry

_PIECE = 1 << 20


def plant_image(registry: RealRegistry, repository: str, tag: str, *sizes: int) -> Manifest:
    """Put an image with one layer per size (bytes, about) into `repository` and return it.

    The layers are real gzip'd tars of random bytes, so that a piece lost, doubled or misplaced shows in the digest,
    and so that skopeo takes them as they are.
    """
    layers = [
        _plant_layer(registry, repository, f"{repository}-{tag}-{number}", size) for number, size in enumerate(sizes)
    ]
    image = images.image(layers, label=f"{repository}:{tag}")
    push(registry, repository, image, tag)
    return image


def layer_bytes(image: Manifest) -> int:
    """Return the bytes of all blobs of an image."""
    return sum(blob.size for blob in image.all_blobs().values())


def _plant_layer(registry: RealRegistry, repository: str, seed: str, size: int) -> Blob:
    made = registry.root / f"layer-{seed.replace('/', '-')}"
    made.parent.mkdir(parents=True, exist_ok=True)
    diff_id = _write_layer(made, seed, size)
    with made.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    length = made.stat().st_size
    path = registry.blob_path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, path)
    hexadecimal = digest.partition(":")[2]
    repositories = registry.root / "docker" / "registry" / "v2" / "repositories"
    link = repositories / repository / "_layers" / "sha256" / hexadecimal / "link"
    link.parent.mkdir(parents=True)
    link.write_text(digest)
    return Blob(digest, length, images.OCI_LAYER, diff_id=diff_id)


def _write_layer(path: Path, seed: str, size: int) -> str:
    """Write a gzip'd tar and return the digest of the tar. Stored, not compressed: random bytes do not shrink."""
    plain = hashlib.sha256()
    entry = tarfile.TarInfo(f"data/{path.name}")
    entry.size = size
    made = random.Random(seed)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 0, raw, mtime=0) as packed:
        out = io.BufferedWriter(packed, _PIECE)

        def write(piece: bytes) -> None:
            plain.update(piece)
            out.write(piece)

        write(entry.tobuf())
        for start in range(0, size, _PIECE):
            write(made.randbytes(min(_PIECE, size - start)))
        write(bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE))
        out.flush()
    return f"sha256:{plain.hexdigest()}"
