"""What is in the docker-registry behind the stand-in, read over its own API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.harbor.state import now

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


@dataclass
class Stored:
    """A manifest with its size, that of everything below it included."""

    digest: str
    media_type: str
    document: dict[str, Any]
    size: int
    tags: list[str] = field(default_factory=list)

    @property
    def config_type(self) -> str:
        """The media type of the config, '' for an index."""
        return str(self.document.get("config", {}).get("mediaType", ""))


class Backing:
    """Reads one registry, without a login."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.started = now()
        self.pushed: dict[tuple[str, str], str] = {}
        """When each tag was pushed through the stand-in."""
        self._session: aiohttp.ClientSession | None = None
        self._manifests: dict[str, Stored] = {}

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to the registry."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def repositories(self) -> list[str]:
        """Return the repositories that have tags, sorted."""
        document = await self._json("/v2/_catalog?n=1000")
        return [name for name in sorted(document["repositories"] or []) if await self.tags(name)]

    async def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, sorted."""
        async with self.session.get(f"{self.url}/v2/{repository}/tags/list") as response:
            if response.status == 404:
                return []
            return sorted((await response.json())["tags"] or [])

    async def artifacts(self, repository: str) -> list[Stored]:
        """Return the manifests with tags, each once with all of them."""
        found: dict[str, Stored] = {}
        for tag in await self.tags(repository):
            stored = await self.manifest(repository, tag)
            made = found.setdefault(
                stored.digest, Stored(stored.digest, stored.media_type, stored.document, stored.size)
            )
            made.tags.append(tag)
        return list(found.values())

    async def manifest(self, repository: str, reference: str) -> Stored:
        """Return a manifest."""
        url = f"{self.url}/v2/{repository}/manifests/{reference}"
        async with self.session.get(url, headers={"Accept": ACCEPT}) as response:
            response.raise_for_status()
            body = await response.read()
            digest = response.headers["Docker-Content-Digest"]
            media_type = response.headers["Content-Type"]
        if digest in self._manifests:
            return self._manifests[digest]
        document = json.loads(body)
        size = len(body)
        for child in document.get("manifests", []):
            size += (await self.manifest(repository, child["digest"])).size
        blobs = [document["config"], *document["layers"]] if "layers" in document else []
        size += sum(blob["size"] for blob in blobs)
        self._manifests[digest] = Stored(digest, media_type, document, size)
        return self._manifests[digest]

    async def platform(self, repository: str, stored: Stored) -> dict[str, str]:
        """Return what the config of an image says of its platform."""
        config = stored.document.get("config")
        if config is None:
            return {}
        async with self.session.get(f"{self.url}/v2/{repository}/blobs/{config['digest']}") as response:
            document = await response.json(content_type=None)
        return {key: document[key] for key in ("architecture", "os", "variant", "created") if document.get(key)}

    async def used(self, project: str) -> tuple[int, int]:
        """Return the bytes and artifacts of a project, each blob once."""
        sizes: dict[str, int] = {}
        count = 0
        for repository in await self.repositories():
            if repository.partition("/")[0] != project:
                continue
            for stored in await self.artifacts(repository):
                count += 1
                await self._collect(repository, stored.digest, sizes)
        return sum(sizes.values()), count

    def push_time(self, repository: str, tag: str) -> str:
        """Return when a tag was pushed through the stand-in."""
        return self.pushed.get((repository, tag), self.started)

    async def _collect(self, repository: str, digest: str, sizes: dict[str, int]) -> None:
        stored = await self.manifest(repository, digest)
        document = stored.document
        for blob in [document["config"], *document["layers"]] if "layers" in document else []:
            sizes[blob["digest"]] = blob["size"]
        for child in document.get("manifests", []):
            await self._collect(repository, child["digest"], sizes)

    async def _json(self, path: str) -> Any:
        async with self.session.get(f"{self.url}{path}") as response:
            response.raise_for_status()
            return await response.json()
