"""Keeping what a tag was under another name before it is overwritten."""

from __future__ import annotations

from typing import NamedTuple

from tui.oci.errors import Conflict, UnsupportedContent
from tui.oci.reference import Reference
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase
from tui.plan.backups import BackupError, backup_tag

_TRIES = 20
"""Names that are looked at: the template's, then with -2, -3 and so on."""


class Backup(NamedTuple):
    """The tag under which something is kept, and whether it is there already."""

    tag: str
    there: bool


async def name_backup(client: Registry, target: Reference, digest: str, template: str, made: float) -> Backup:
    """Return the name for what `target` is now, `digest`: a free one, or the one under which it is kept already.

    `made` is when the run was made. Raises Conflict when the template makes no tag, or none is free.
    """
    try:
        name = backup_tag(template, target.target, digest, made)
    except BackupError as error:
        raise Conflict(
            str(error), endpoint=target.registry, reference=str(target), hint=N_("shorten 'backup'")
        ) from error
    for number in range(1, _TRIES + 1):
        tried = name if number == 1 else f"{name}-{number}"
        head = await client.head_manifest(target.repository, tried)
        if head is None or head.digest == digest:
            return Backup(tried, head is not None)
    raise Conflict(
        phrase(
            "there is no free name to keep it under: {name} and {tries} more are taken", name=name, tries=_TRIES - 1
        ),
        endpoint=target.registry,
        reference=str(target),
        hint=N_("add {time} or {digest} to 'backup', or remove old backups"),
    )


async def keep_old(client: Registry, target: Reference, root: str, template: str, made: float) -> str:
    """Keep what `target` is now under another name, unless that is `root` or nothing; return the name, '' for none.

    Raises Conflict when it cannot be kept, RegistryError.
    """
    there = await client.head_manifest(target.repository, target.target)
    if there is None or there.digest == root:
        return ""
    backup = await name_backup(client, target, there.digest, template, made)
    if not backup.there:
        try:
            old = await client.get_manifest(target.repository, there.digest)
        except UnsupportedContent as error:
            raise Conflict(
                phrase("what the tag is now cannot be kept: {message}", message=error.message),
                endpoint=target.registry,
                reference=str(target),
                hint=N_("move that tag by hand, or allow overwriting it"),
            ) from error
        await client.put_manifest(target.repository, backup.tag, old)
    return backup.tag
