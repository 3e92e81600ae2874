"""Tags at the target that no task of the run put there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.engine.tasks import Task
from tui.engine.verify.findings import Finding
from tui.oci.errors import NotFound, RegistryError
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_

_LIST_OF_REFERRERS = re.compile(r"sha(256|512)-[0-9a-f]{64}")
"""The tag of a list of referrers ("Referrers Tag Schema"), which a copy leaves where there is no API for it."""


def known_tags(tasks: Iterable[Task]) -> dict[Repository, set[str]]:
    """Return the tags a plan knows by target repository, also of tasks that were not carried out."""
    known: dict[Repository, set[str]] = {}
    for task in tasks:
        known.setdefault(task.target.repository, set()).add(task.target.target)
    return known


async def extra_tags(client: Registry, repository: Repository, known: set[str]) -> list[Finding]:
    """Return the tags of a target repository that are not `known`; lists of referrers are none."""
    name = str(repository)
    try:
        tags = [tag async for page in client.tags(repository) for tag in page]
    except NotFound:
        return []
    except RegistryError as error:
        return [Finding("unknown", name, "", f"its tags cannot be listed: {error}")]
    extra = sorted(tag for tag in set(tags) - known if not _LIST_OF_REFERRERS.fullmatch(tag))
    return [Finding("extra-tag", name, tag, N_("no task of the run has this target")) for tag in extra]
