"""An independent reader: skopeo for tags and manifests, plain `http.client` for blobs. None of it is ours."""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.support.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from tests.support.programs import path_of
from tests.support.registry import RealRegistry

_ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST))
_READ = 1 << 20


class MissingContent(AssertionError):
    """The registry does not have what the reader asked for."""


class Reader:
    """Reads one registry. Every request is a new look: nothing is remembered but the blobs already hashed."""

    def __init__(self, registry: RealRegistry) -> None:
        self._registry = registry
        self._hashed: set[tuple[str, str]] = set()

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository by skopeo (empty when there is no such repository)."""
        result = self._skopeo("list-tags", f"docker://{self._registry.address}/{repository}")
        if result.returncode:
            if b"name unknown" in result.stderr or b"404 (Not Found)" in result.stderr:
                return []
            raise AssertionError(result.stderr.decode())
        return sorted(json.loads(result.stdout)["Tags"] or ())

    def manifest(self, repository: str, reference: str) -> bytes:
        """Return the raw bytes of a manifest by skopeo. Raises MissingContent when it is not there."""
        separator = "@" if ":" in reference else ":"
        name = f"docker://{self._registry.address}/{repository}{separator}{reference}"
        result = self._skopeo("inspect", "--raw", name)
        if result.returncode:
            raise MissingContent(f"{name}: {result.stderr.decode().strip()}")
        return result.stdout

    def manifest_by_http(self, repository: str, reference: str) -> bytes:
        """Return the raw bytes of a manifest by `http.client`, where a skopeo process for each would take minutes."""
        return b"".join(self._get(repository, f"manifests/{reference}", {"Accept": _ACCEPT}))

    def check_blob(self, repository: str, digest: str, size: int) -> None:
        """Read a blob through `repository` and hash it. Raises AssertionError when bytes or size are not as said."""
        if (repository, digest) in self._hashed:
            return
        algorithm = digest.partition(":")[0]
        hashed, read = hashlib.new(algorithm), 0
        for chunk in self._get(repository, f"blobs/{digest}", {}):
            hashed.update(chunk)
            read += len(chunk)
        found = f"{algorithm}:{hashed.hexdigest()}"
        if (found, read) != (digest, size):
            raise AssertionError(f"{repository}: blob {digest} ({size} bytes) reads as {found} ({read} bytes)")
        self._hashed.add((repository, digest))

    def check_tree(self, repository: str, manifest: bytes) -> int:
        """Check that every blob and child of `manifest` is in `repository` with the right bytes; return how many."""
        parsed: dict[str, Any] = json.loads(manifest)
        checked = 0
        for child in parsed.get("manifests", ()):
            body = self.manifest_by_http(repository, child["digest"])
            if f"sha256:{hashlib.sha256(body).hexdigest()}" != child["digest"]:
                raise AssertionError(f"{repository}: child {child['digest']} has other bytes")
            checked += 1 + self.check_tree(repository, body)
        config: Sequence[dict[str, Any]] = [parsed["config"]] if "config" in parsed else []
        for part in [*config, *parsed.get("layers", ())]:
            self.check_blob(repository, part["digest"], part["size"])
            checked += 1
        return checked

    def _get(self, repository: str, what: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        parts = urlsplit(self._registry.url)
        context = self._registry.tls_context()
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(parts.netloc, context=context, timeout=60)
            if context
            else http.client.HTTPConnection(parts.netloc, timeout=60)
        )
        try:
            path = f"/v2/{repository}/{what}"
            connection.request("GET", path, headers={**self._registry.headers(repository), **headers})
            response = connection.getresponse()
            if response.status != 200:
                raise MissingContent(f"{parts.netloc}{path}: {response.status} {response.read(500)!r}")
            while chunk := response.read(_READ):
                yield chunk
        finally:
            connection.close()

    def _skopeo(self, command: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        options = ["--cert-dir", str(self._registry.ca_file.parent)] if self._registry.scheme == "https" else []
        if self._registry.scheme == "http":
            options.append("--tls-verify=false")
        if login := self._registry.login:
            options += ["--creds", f"{login.username}:{login.password}"]
        return subprocess.run(
            [str(path_of("skopeo")), command, *options, *arguments], capture_output=True, timeout=60, check=False
        )


def assert_same(
    source: RealRegistry,
    target: RealRegistry,
    repositories: Mapping[str, str] | Iterable[str],
    *,
    tags: Iterable[str] | None = None,
    skopeo_up_to: int = 30,
) -> int:
    """Check that every tag of the source repositories is at the target with the same bytes and all of its blobs.

    `repositories` maps source to target repository (or lists those that have the same name); `tags` narrows it down.
    Up to `skopeo_up_to` tags of a repository are read with skopeo, the rest by plain HTTP. Returns the tags compared.
    """
    pairs = repositories if isinstance(repositories, Mapping) else {name: name for name in repositories}
    here, there = Reader(source), Reader(target)
    compared = 0
    for source_name, target_name in pairs.items():
        wanted = sorted(tags) if tags is not None else here.tags(source_name)
        present = set(there.tags(target_name))
        missing = [tag for tag in wanted if tag not in present]
        if missing:
            raise AssertionError(f"{target_name}: {len(missing)} tags are missing at the target: {missing[:10]}")
        for number, tag in enumerate(wanted):
            by_skopeo = number < skopeo_up_to
            expected = here.manifest(source_name, tag) if by_skopeo else here.manifest_by_http(source_name, tag)
            found = there.manifest(target_name, tag) if by_skopeo else there.manifest_by_http(target_name, tag)
            if expected != found:
                raise AssertionError(f"{target_name}:{tag} has other bytes than {source_name}:{tag}")
            there.check_tree(target_name, found)
            compared += 1
    if not compared:
        raise AssertionError("nothing was compared")
    return compared


def assert_nothing_half_pushed(registry: RealRegistry) -> int:
    """Check that every tag in the registry has all of its blobs and children; return how many tags there are."""
    reader = Reader(registry)
    checked = 0
    for repository in catalog(registry):
        for tag in reader.tags(repository):
            reader.check_tree(repository, reader.manifest(repository, tag))
            checked += 1
    return checked


def catalog(registry: RealRegistry) -> list[str]:
    """Return the repositories that have a tag, read from the storage folder (the catalog API may be forbidden)."""
    root = registry.root / "docker" / "registry" / "v2" / "repositories"
    return sorted({str(path.parent.parent.relative_to(root)) for path in root.glob("**/_manifests/tags")})
