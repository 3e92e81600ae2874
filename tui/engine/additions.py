"""What was attached at the source to an image the target has already: it is added, and the image stays as it is.

Where the tags of the source are listed they tell, at no cost, of cosign's and of lists of referrers. What only the
referrers API knows of is asked for where the plan says so (`check_referrers`): one question more for each image. Of an
index its own referrers are looked for; for those of its platforms, which would be a question each, there is `force`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from tui.engine.choosing import Chooser
from tui.engine.company import existing_tags, referrers_for
from tui.engine.context import RunContext
from tui.engine.targets import TargetView
from tui.engine.tasks import Task
from tui.oci.client import fallback_tag
from tui.oci.reference import Reference, Repository
from tui.oci.registry import Registry

_MOST = 200
"""Manifests looked at for one image: who refers to whom may go round in a circle, or on and on."""


class Additions:
    """Finds what an image at the target lacks of what its rule takes along. Raises RegistryError."""

    def __init__(self, run: RunContext, chooser: Chooser, pairs: Collection[tuple[Reference, Reference]]) -> None:
        """`pairs` are the sources and targets of all tasks there are, as they become more."""
        self._run = run
        self._chooser = chooser
        self._pairs = pairs
        self._brought_by: dict[tuple[Repository, Repository, str, int], int] = {}
        """The task that looks after each manifest, also when it fails and is tried again."""

    async def tags_of(self, task: Task, digests: Sequence[str], source: Registry) -> Collection[str]:
        """Return the tags of a source repository as far as they are known, at least those cosign made for `digests`."""
        repository = task.source.repository
        if not self._run.plan.options.check_referrers:
            return self._chooser.listed(repository) or ()
        listed = await self._chooser.listed_now(repository)
        if listed is not None:
            return listed
        found = await asyncio.gather(*(existing_tags(source, repository, digest) for digest in digests))
        return [tag for tags in found for tag in tags]

    async def missing(self, task: Task, digests: Sequence[str], source: Registry, view: TargetView) -> frozenset[str]:
        """Return the digests of what refers to manifests at the source, and is not listed so at the target.

        What was found is noted, for whoever verifies the run. Of tasks with the same manifest the first gets it.
        """
        repository, rule = task.source.repository, self._run.rules[task.rule_id]
        keys = [(repository, task.target.repository, digest, task.rule_id) for digest in digests]
        if task.id not in {self._brought_by.setdefault(key, task.id) for key in keys}:
            return frozenset()
        missing: set[str] = set()
        looked: set[str] = set()
        left = list(digests)
        while left and len(looked) < _MOST:
            subject = left.pop(0)
            looked.add(subject)
            tags = self._chooser.listed(repository)
            if self._has_task(task, fallback_tag(subject)):
                tags = frozenset()  # then that list need not be read here
            if not self._run.plan.options.check_referrers and (tags is None or fallback_tag(subject) not in tags):
                continue
            found = [each.digest for each in await referrers_for(source, repository, rule, tags)(subject)]
            if not found:
                continue
            self._run.journal.refers(repository.registry, repository.path, subject, found)
            tags = await view.listed()
            there = await view.client.referrers(view.repository, subject, tags) if view.exists else []
            listed = {each.digest for each in there}
            missing |= set(found) - listed
            left += [digest for digest in found if digest in listed and digest not in looked]
        return frozenset(missing)

    def _has_task(self, task: Task, tag: str) -> bool:
        """Whether a tag of the source is copied as it is, by a task of its own."""
        return (Reference(task.source.repository, tag=tag), Reference(task.target.repository, tag=tag)) in self._pairs
