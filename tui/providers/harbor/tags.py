"""Deleting a tag at a Harbor, which the registry API refuses there (it deletes whole artifacts only)."""

from __future__ import annotations

from tui.oci.saying import N_
from tui.providers.harbor.client import Harbor
from tui.providers.harbor.names import repository_segment, segment, split_path

DELETE_TAGS = N_("delete tags")


async def delete_tag(harbor: Harbor, path: str, digest: str, tag: str) -> None:
    """Delete a tag of the artifact `digest` in the repository `project/name`, API 2.0 (swagger, "deleteTag").

    Harbor answers 404 when the tag is not on that artifact, so that one that moved meanwhile is left alone. Raises
    NotFound then, Conflict for an immutable tag, Denied, and every other RegistryError.
    """
    project, repository = split_path(path)
    await harbor.send(
        "DELETE",
        f"/projects/{segment(project)}/repositories/{repository_segment(repository)}"
        f"/artifacts/{segment(digest)}/tags/{segment(tag)}",
        N_("delete the tag"),
        reference=f"{path}:{tag}",
        accept=frozenset({200}),
        needs=DELETE_TAGS,
    )
