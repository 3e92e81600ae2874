"""What goes along with an image: signatures, attestations and SBOMs, by the referrers of OCI 1.1 and by cosign's tags.

Which kinds of it are taken is for the rule to say (`artifacts`), as it is for what has a tag.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from tui.engine.trees import FindReferrers, Tree
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import Manifest
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.plan import re2
from tui.plan.artifacts import takes
from tui.plan.attached import cosign_tags
from tui.plan.model import ArtifactSelection, Rule
from tui.providers.content_kinds import kind_of_manifest, kind_of_type

_BY_SUFFIX = {"sig": "signature", "att": "attestation", "sbom": "sbom"}


def kind_of(manifest: Manifest) -> str:
    """Return the kind of a manifest in the words of a plan: an index is an image of several platforms."""
    kind = kind_of_manifest(manifest)
    return "image" if kind == "index" else kind


def type_of(manifest: Manifest) -> str:
    """Return the artifact type, else the type of the config ("Determining the artifact type", image-spec)."""
    return manifest.artifact_type or manifest.config_type


def referrers_for(source: Registry, repository: Repository, rule: Rule, tags: Collection[str] | None) -> FindReferrers:
    """Return who finds what refers to a manifest in a source repository, of the kinds the rule takes."""

    async def find(digest: str) -> list[Descriptor]:
        found = await source.referrers(repository, digest, tags)
        if rule.artifacts == ArtifactSelection():
            return found
        return [each for each in found if await wanted(each)]

    async def wanted(each: Descriptor) -> bool:
        if each.artifact_type:
            return takes(rule.artifacts, kind_of_type(each.artifact_type), each.artifact_type)
        # Some clients leave it out of the lists they write.
        manifest = await source.get_manifest(repository, each.digest)
        return takes(rule.artifacts, kind_of(manifest), type_of(manifest))

    return find


def carried_tags(rule: Rule, digests: Iterable[str], tags: Collection[str]) -> list[str]:
    """Return those of a repository's `tags` that cosign attached to manifests that are taken.

    A tag that the rule excludes by its name stays, as do the kinds that it does not take.
    """
    return [
        tag
        for digest in dict.fromkeys(digests)
        for tag in cosign_tags(digest)
        if tag in tags and takes(rule.artifacts, _BY_SUFFIX[tag.rpartition(".")[2]], "") and not _excluded(rule, tag)
    ]


async def existing_tags(source: Registry, repository: Repository, digest: str) -> list[str]:
    """Return the tags cosign made for a manifest, asked for one by one. Raises RegistryError."""
    names = cosign_tags(digest)
    heads = await asyncio.gather(*(source.head_manifest(repository, name) for name in names))
    return [name for name, head in zip(names, heads, strict=True) if head is not None]


def detail_of(tree: Tree, kind: str) -> dict[str, Any]:
    """Return what the plan says of a tree beyond its digest: its kind when it is no image, and what refers to it."""
    detail: dict[str, Any] = {}
    if kind != "image":
        detail |= {"kind": kind, "type": type_of(tree.root)}
    if attached := Counter(kind_of(each.root) for each in tree.attached()):
        detail["attached"] = dict(sorted(attached.items()))
    return detail


def added_in(tree: Tree, missing: Collection[str]) -> dict[str, Any]:
    """Return what the plan says of a tree whose image the target has: what is added to it, by kind."""
    kinds: Counter[str] = Counter()
    left = list(tree.attached())
    for digest in missing:
        found = next((each for each in left if each.root.digest == digest), None)
        if found is not None:
            kinds.update(kind_of(each.root) for each in (found, *found.attached()))
    return {"adds": dict(sorted(kinds.items()))} if kinds else {}


def _excluded(rule: Rule, tag: str) -> bool:
    if any(fnmatchcase(tag, glob) for glob in rule.tags.exclude):
        return True
    return bool(rule.tags.exclude_regex) and re2.compile(rule.tags.exclude_regex).search(tag) is not None
