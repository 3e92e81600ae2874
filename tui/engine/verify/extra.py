"""Tags at the target that no task of the run put there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.engine.tasks import Task
from tui.engine.verify.findings import Finding
from tui.oci.errors import NotFound, RegistryError
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase
from tui.plan.backups import is_backup

_LIST_OF_REFERRERS = re.compile(r"sha(256|512)-[0-9a-f]{64}")
"""The tag of a list of referrers ("Referrers Tag Schema"), which a copy leaves where there is no API for it."""
_NUMBER = re.compile(r"-[0-9]{1,2}$")


def known_tags(tasks: Iterable[Task]) -> dict[Repository, set[str]]:
    """Return the tags a plan knows by target repository, also of tasks that were not carried out."""
    known: dict[Repository, set[str]] = {}
    for task in tasks:
        known.setdefault(task.target.repository, set()).add(task.target.target)
    return known


async def extra_tags(client: Registry, repository: Repository, known: set[str], backup: str = "") -> list[Finding]:
    """Return the tags of a target repository that are not `known`.

    Lists of referrers are none, nor what the template `backup` ('' for none) calls a tag before it is overwritten.
    """
    name = str(repository)
    try:
        tags = [tag async for page in client.tags(repository) for tag in page]
    except NotFound:
        return []
    except RegistryError as error:
        return [Finding("unknown", name, "", phrase("its tags cannot be listed: {error}", error=error))]
    extra = sorted(tag for tag in set(tags) - known if not _left_by_a_run(tag, backup))
    return [Finding("extra-tag", name, tag, N_("no task of the run has this target")) for tag in extra]


def _left_by_a_run(tag: str, backup: str) -> bool:
    """Return whether a run leaves such a tag beside those it copies; of backups there may be `-2`, `-3` and so on."""
    if _LIST_OF_REFERRERS.fullmatch(tag):
        return True
    return bool(backup) and (is_backup(backup, tag) or is_backup(backup, _NUMBER.sub("", tag)))
