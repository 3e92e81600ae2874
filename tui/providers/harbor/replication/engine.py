"""Harbor's replication over its REST API: policies, starting, following, stopping and retrying their executions.

Everything here takes a system administrator, or a robot account of the system with these permissions.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from tui.oci.errors import NotFound, ServerError
from tui.oci.saying import N_, phrase
from tui.providers.api.pages import Page
from tui.providers.harbor.client import Harbor, id_in_location
from tui.providers.harbor.replication.documents import execution_of, policy_document, policy_of, task_of
from tui.providers.harbor.replication.model import Execution, Policy, ReplicationTask
from tui.providers.harbor.replication.outcome import resource_of
from tui.providers.harbor.replication.policies import narrowed
from tui.providers.harbor.replication.registries import NEEDS, version_of

_MOST_LOG = 2000
"""Lines of a log that are kept, from its end."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How an execution stands, and all its tasks; `changed` are those that differ from the last time."""

    execution: Execution
    tasks: tuple[ReplicationTask, ...]
    changed: tuple[ReplicationTask, ...]


class HarborReplication:
    """One Harbor's replication. Every method raises RegistryError."""

    def __init__(self, harbor: Harbor) -> None:
        self._harbor = harbor

    @property
    def registry(self) -> str:
        """Host and port of the Harbor."""
        return self._harbor.registry

    # Policies

    async def policies(self, name: str = "") -> list[Policy]:
        """Return the policies, those whose name contains `name`."""
        asked = [("name", name)] if name else []
        pages = self._harbor.pages(
            "/replication/policies", N_("list the policies"), policy_of, lambda each: each.id, query=asked, needs=NEEDS
        )
        async with aclosing(pages):
            return [each async for page in pages for each in page.items]

    async def policy(self, policy: int) -> Policy:
        """Return one policy. Raises NotFound."""
        found = await self._harbor.get(f"/replication/policies/{policy}", N_("look at the policy"), needs=NEEDS)
        if not isinstance(found, dict):
            raise NotFound(phrase("there is no policy {policy}", policy=policy), endpoint=self._harbor.registry)
        return policy_of(found)

    async def ensure_policy(self, policy: Policy) -> Policy:
        """Return the policy as Harbor has it: created, or the one of that name changed to this.

        Raises PolicyRefused for what Harbor cannot do or does not take.
        """
        document = policy_document(policy, await version_of(self._harbor))
        known = next((each for each in await self.policies(policy.name) if each.name == policy.name), None)
        if known is None:
            answer = await self._write("POST", "/replication/policies", N_("create the policy"), policy, document)
            return replace(policy, id=id_in_location(answer, N_("create the policy"), self._harbor.registry))
        changed = replace(policy, id=known.id)
        if changed != known:
            path = f"/replication/policies/{known.id}"
            await self._write("PUT", path, N_("change the policy"), policy, document | {"id": known.id})
        return changed

    async def delete_policy(self, policy: int) -> None:
        """Remove a policy with its executions. Raises PolicyRefused while one runs."""
        await self._harbor.send("DELETE", f"/replication/policies/{policy}", N_("remove the policy"), needs=NEEDS)

    # Executions

    async def start(self, policy: int) -> int:
        """Start a policy and return the id of its execution. Raises PolicyRefused for a policy that is switched off."""
        answer = await self._harbor.send(
            "POST", "/replication/executions", N_("start the replication"), payload={"policy_id": policy}, needs=NEEDS
        )
        return id_in_location(answer, N_("start the replication"), self._harbor.registry)

    async def execution(self, execution: int) -> Execution:
        """Return how an execution stands. Raises NotFound."""
        found = await self._harbor.get(
            f"/replication/executions/{execution}", N_("look at the replication"), needs=NEEDS
        )
        if not isinstance(found, dict):
            raise ServerError(N_("cannot look at the replication: the answer is no execution"))
        return execution_of(found)

    async def executions(self, policy: int) -> AsyncGenerator[Page[Execution], None]:
        """Yield the executions of a policy, the latest first."""
        asked = [("policy_id", str(policy)), *await self._latest_first()]
        pages = self._harbor.pages(
            "/replication/executions",
            N_("list the replications"),
            execution_of,
            lambda each: each.id,
            query=asked,
            needs=NEEDS,
        )
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def tasks(self, execution: int) -> list[ReplicationTask]:
        """Return the tasks of an execution: one for each repository."""
        pages = self._harbor.pages(
            f"/replication/executions/{execution}/tasks",
            N_("list the tasks"),
            task_of,
            lambda each: each.id,
            needs=NEEDS,
        )
        async with aclosing(pages):
            found = [each async for page in pages for each in page.items]
        return sorted(found, key=lambda task: task.id)

    async def log(self, task: ReplicationTask) -> list[str]:
        """Return the last lines of a task's log; none before it has written any. Remote text, not escaped."""
        path = f"/replication/executions/{task.execution}/tasks/{task.id}/log"
        try:
            answer = await self._harbor.send(
                "GET", path, N_("read the log"), headers={"Accept": "text/plain"}, needs=NEEDS
            )
        except NotFound:
            return []
        return answer.body.decode("utf-8", "replace").splitlines()[-_MOST_LOG:]

    async def stop(self, execution: int) -> None:
        """Stop an execution: tasks that wait are dropped, those under way end at their next step."""
        await self._harbor.send("PUT", f"/replication/executions/{execution}", N_("stop the replication"), needs=NEEDS)

    async def retry_failed(self, execution: int) -> list[int]:
        """Start again what failed or was stopped in an execution, and return the ids of the new executions.

        Harbor has no such thing of its own: policies of the same kind are made for those repositories alone, named
        after the first (`ensure_policy`). One that failed before its first task is started again as a whole. None is
        started, and the list is empty, when nothing failed.
        """
        ended = await self.execution(execution)
        policy = await self.policy(ended.policy)
        tasks = await self.tasks(execution)
        if not tasks:
            return [] if ended.status == "Succeed" else [await self.start(policy.id)]
        again = [resource_of(task.source).path for task in tasks if task.status in ("Failed", "Stopped")]
        made = [await self.ensure_policy(each) for each in narrowed(policy, again)]
        return [await self.start(each.id) for each in made]

    async def follow(
        self, execution: int, *, every: float | Callable[[int], float] = 2.0
    ) -> AsyncGenerator[Progress, None]:  # fmt: skip
        """Yield how an execution stands whenever something changed, until it is over.

        Harbor is asked every so many seconds (a function gets how often it was asked). Tasks are read again only when
        the counts of the execution moved.
        """
        last: Execution | None = None
        known: dict[int, ReplicationTask] = {}
        for asked in itertools.count(1):
            now = await self.execution(execution)
            if now != last:
                tasks = await self.tasks(execution)
                changed = tuple(task for task in tasks if known.get(task.id) != task)
                known = {task.id: task for task in tasks}
                # The execution may be over a moment before the last of its tasks is written down.
                settled = now.over and all(task.over for task in tasks)
                last = now if settled or not now.over else None
                yield Progress(now, tuple(tasks), changed)
                if settled:
                    return
            await asyncio.sleep(every(asked) if callable(every) else every)

    async def _write(self, method: str, path: str, action: str, policy: Policy, document: dict[str, Any]) -> Any:
        return await self._harbor.send(
            method, path, action, reference=policy.name, payload=document, needs=NEEDS
        )  # fmt: skip

    async def _latest_first(self) -> list[tuple[str, str]]:
        # 1.x has no `sort`, and gives the latest first by itself.
        return [("sort", "-start_time")] if (await self._harbor.info()).api == "2.0" else []
