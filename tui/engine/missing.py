"""Creating what a target lacks before a run pushes there: projects of a Harbor, namespaces of a cloud, auto-create.

Only where the plan says so (`create_missing`). What cannot be created is no failure of its own: the tasks that need it
say why they cannot go on, and the log has both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tui.engine.context import RunContext
from tui.engine.tasks import Task
from tui.oci.errors import RegistryError
from tui.oci.place import is_place
from tui.oci.reference import Repository
from tui.providers.findings import Action
from tui.providers.preparing import preparer_for


class Missing:
    """Looks at every namespace once, however many rounds a run has."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._looked_at: set[Repository] = set()

    async def create(self, tasks: Iterable[Task]) -> None:
        """Create what the targets of `tasks` lack, registry by registry. Raises nothing."""
        targets: dict[str, list[Repository]] = defaultdict(list)
        for repository in dict.fromkeys(task.target.repository for task in tasks if task.state == "pending"):
            if repository not in self._looked_at and not is_place(repository.registry):
                self._looked_at.add(repository)
                targets[repository.registry].append(repository)
        for registry, wanted in targets.items():
            try:
                await self._create_at(wanted)
            except RegistryError as error:
                self._run.log.write("not prepared", registry=registry, message=error.message, hint=error.hint)

    async def _create_at(self, wanted: list[Repository]) -> None:
        kind, access = await self._run.registries.met("target", wanted[0])
        preparer = preparer_for(kind)
        if preparer is None:
            return
        for finding in await preparer.inspect(access, wanted):
            if finding.severity == "problem":
                self._run.log.write("lacking", registry=wanted[0].registry, message=finding.words, hint=finding.hint)
            action: Action | None = finding.action if finding.severity == "problem" else None
            if action is not None:
                await preparer.perform(access, action)
                self._run.log.write("prepared", registry=wanted[0].registry, message=action.words)
