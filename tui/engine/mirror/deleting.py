"""Deleting one tag, in the way the registry can: the tag alone, or its manifest where no other tag needs it."""

from __future__ import annotations

from collections.abc import Mapping

from tui.engine.mirror.look import Digests
from tui.engine.registries import Registries
from tui.oci.client import RegistryClient
from tui.oci.errors import Conflict, DeletionUnsupported, NotFound, PolicyRefused, RegistryError, ServerError
from tui.oci.manifest import INDEX_TYPES
from tui.oci.reference import Reference, Repository
from tui.oci.saying import N_, phrase
from tui.plan.mirror.review import Deletion

OTHER_DIGEST = N_("it has another digest by now, {digest}")


class Moved(Conflict):
    """The tag has another digest than it was reviewed with."""


class Deleter:
    """Deletes tags that were reviewed. `digests` are of all tags of the repositories, as they were a moment ago."""

    def __init__(
        self, registries: Registries, digests: Mapping[Repository, Digests], going: frozenset[Reference]
    ) -> None:
        self._registries = registries
        self._digests = digests
        self._going = going
        self._no_tags: set[str] = set()
        """Registries that delete no tags."""
        self._not_harbor: set[str] = set()
        self._children: dict[Repository, dict[str, str]] = {}

    async def delete(self, deletion: Deletion) -> str:
        """Delete one tag and return how: `tag`, `harbor`, or `digest` (with every tag of that digest).

        Raises RegistryError; DeletionUnsupported says also when the manifest is needed by something that stays.
        """
        repository, tag = deletion.target.repository, deletion.target.tag
        client = await self._registries.target(repository)
        if not isinstance(client, RegistryClient):
            raise DeletionUnsupported(N_("only tags at a registry are deleted"), endpoint=repository.registry)
        head = await client.head_manifest(repository, tag)
        if head is None:
            return "digest"  # with the manifest, under another of its tags
        if head.digest != deletion.digest:
            raise Moved(phrase(OTHER_DIGEST, digest=head.digest), reference=str(deletion.target))
        how = await self._deleted(client, deletion)
        if (left := await client.head_manifest(repository, tag)) is not None and left.digest == deletion.digest:
            raise ServerError(
                N_("the registry accepted the deletion and still has the tag"), reference=str(deletion.target)
            )
        return how

    async def _deleted(self, client: RegistryClient, deletion: Deletion) -> str:
        repository, tag = deletion.target.repository, deletion.target.tag
        if repository.registry not in self._no_tags:
            try:
                await self._tag_alone(client, deletion)
                return "tag"
            except DeletionUnsupported:
                self._no_tags.add(repository.registry)
        if repository.registry not in self._not_harbor and await self._by_harbor(deletion):
            return "harbor"
        await self._refuse_if_needed(client, deletion)
        try:
            await client.delete_manifest(repository, deletion.digest)
        except NotFound:
            if await client.head_manifest(repository, tag) is not None:
                raise
        return "digest"

    async def _tag_alone(self, client: RegistryClient, deletion: Deletion) -> None:
        """Delete the tag and nothing else: where a registry takes the manifest along, put back what shares it."""
        repository = deletion.target.repository
        saved = await client.get_manifest(repository, deletion.digest) if deletion.shares else None
        try:
            await client.delete_manifest(repository, deletion.target.tag)
        except NotFound as error:
            if await client.head_manifest(repository, deletion.target.tag) is not None:
                raise DeletionUnsupported(error.message, reference=error.reference, status=error.status) from error
        if saved is None or await client.head_manifest(repository, deletion.shares[0]) is not None:
            return
        for tag in deletion.shares:
            await client.put_manifest(repository, tag, saved)
        self._no_tags.add(repository.registry)
        raise PolicyRefused(
            N_("the registry deleted the manifest with the tag; the other tags of it were put back"),
            reference=str(deletion.target),
            hint=phrase(
                "look at {tags}; what shares a manifest is left alone at this registry now",
                tags=", ".join(deletion.shares),
            ),
        )

    async def _by_harbor(self, deletion: Deletion) -> bool:
        """Delete the tag by Harbor's REST API, whose own check is that it has the digest; False where it is none."""
        from tui.providers.harbor.client import Harbor
        from tui.providers.harbor.tags import delete_tag

        repository = deletion.target.repository
        access = await self._registries.access("target", repository)
        async with Harbor(access) as harbor:
            try:
                if (await harbor.info()).api != "2.0":
                    raise NotFound(N_("the API of Harbor 1 deletes whole manifests"))
            except RegistryError:
                # Whatever answers there is no Harbor of ours; the registry API is what is left.
                self._not_harbor.add(repository.registry)
                return False
            await delete_tag(harbor, repository.path, deletion.digest, deletion.target.tag)
        return True

    async def _refuse_if_needed(self, client: RegistryClient, deletion: Deletion) -> None:
        """Raise DeletionUnsupported when something that stays needs the manifest: deleting it takes all of its tags."""
        repository = deletion.target.repository
        known = self._digests[repository]
        now = [tag async for page in client.tags(repository) for tag in page]
        for tag in now:
            if Reference(repository, tag=tag) in self._going:
                continue
            digest = known[tag][0] if tag in known else ""
            if not digest:  # it came since we looked
                head = await client.head_manifest(repository, tag)
                digest = head.digest if head else ""
            if digest == deletion.digest:
                raise self._needed(deletion, phrase("the tag {tag} has the same manifest", tag=tag))
        if repository not in self._children:
            self._children[repository] = await self._children_of_kept(client, repository)
        if parent := self._children[repository].get(deletion.digest):
            raise self._needed(deletion, phrase("the index {tag} lists the manifest", tag=parent))

    async def _children_of_kept(self, client: RegistryClient, repository: Repository) -> dict[str, str]:
        """Return the manifests that indexes of tags that stay list, at any depth, with such a tag."""
        children: dict[str, str] = {}
        for tag, (digest, media_type) in self._digests[repository].items():
            if media_type not in INDEX_TYPES or Reference(repository, tag=tag) in self._going:
                continue
            queue = [digest]
            while queue:
                for child in (await client.get_manifest(repository, queue.pop())).manifests:
                    if child.digest not in children and child.media_type in INDEX_TYPES:
                        queue.append(child.digest)
                    children.setdefault(child.digest, tag)
        return children

    def _needed(self, deletion: Deletion, why: str) -> DeletionUnsupported:
        return DeletionUnsupported(
            phrase("kept: {why}, and this registry deletes whole manifests only", why=why),
            endpoint=deletion.target.registry,
            reference=str(deletion.target),
            hint=N_("delete the tag in the registry's own console, or let what needs it go too"),
        )
