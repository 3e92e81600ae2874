"""The stand-in's job service: what an execution finds to copy, and copying it with skopeo."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.harbor.globs import matches
from tests.support.harbor.state import Execution, Outside, Task, now
from tests.support.programs import path_of
from tests.support.registry import Login

if TYPE_CHECKING:
    from tests.support.harbor.replication import Replication
    from tests.support.harbor.server import StandInHarbor


class Jobs:
    """Carries out executions, one repository after the other."""

    def __init__(self, harbor: StandInHarbor, replication: Replication) -> None:
        self._harbor = harbor
        self._replication = replication

    async def run(self, execution: Execution, policy: dict[str, Any]) -> None:
        """Find what matches, make a task for each repository, and do them."""
        number = (policy.get("dest_registry") or {}).get("id", 0)
        pushes = bool(number)
        number = number or policy["src_registry"]["id"]
        outside = self._replication.outside(self._replication.registries[number])
        try:
            found = await self._found(policy, None if pushes else outside)
            targets = {path: renamed(path, policy) for path in found}
            for path in targets.values():
                self._prepare(path, outside if pushes else None)
        except (ValueError, aiohttp.ClientError) as error:
            execution.status, execution.text, execution.ended = "Failed", str(error), now()
            return
        execution.tasks = [
            Task(self._replication.number(), execution.id, path, targets[path], tags) for path, tags in found.items()
        ]
        if not execution.tasks:
            execution.status, execution.text = "Succeed", "no resources need to be replicated"
            execution.ended = now()
            return
        for task in execution.tasks:
            await self._harbor.before_task(task)
            await self._do(task, execution, outside, pushes, bool(policy.get("override")))
        states = {task.status for task in execution.tasks}
        execution.status = next((each for each in ("Failed", "Stopped") if each in states), "Succeed")
        execution.ended = now()

    async def _found(self, policy: dict[str, Any], outside: Outside | None) -> dict[str, list[str]]:
        """Return the tags of every repository that the filters take."""
        filters = policy.get("filters") or []
        repositories = await self._repositories(outside)
        found: dict[str, list[str]] = {}
        for path in repositories:
            if not all(matches(each["value"], path) for each in filters if each["type"] == "name" and each["value"]):
                continue
            tags = await self._tags(path, outside)
            for each in filters:
                if each["type"] == "tag" and each["value"]:
                    excludes = each.get("decoration") == "excludes"
                    tags = [tag for tag in tags if matches(each["value"], tag) != excludes]
                elif each["type"] == "label" and outside is None:
                    tags = [tag for tag in tags if await self._has_labels(path, tag, each["value"])]
            if tags:
                found[path] = tags
        return found

    async def _has_labels(self, path: str, tag: str, labels: str | list[str]) -> bool:
        stored = await self._harbor.backing.manifest(path, tag)
        wanted = [labels] if isinstance(labels, str) else labels
        return set(wanted) <= set(self._harbor.labels.get((path, stored.digest), []))

    async def _repositories(self, outside: Outside | None) -> list[str]:
        if outside is None:
            return [
                each
                for each in await self._harbor.backing.repositories()
                if each.split("/")[0] in self._harbor.projects
            ]
        document = await self._ask(outside, "/v2/_catalog?n=1000")
        return sorted(document["repositories"] or [])

    async def _tags(self, path: str, outside: Outside | None) -> list[str]:
        if outside is None:
            return await self._harbor.backing.tags(path)
        document = await self._ask(outside, f"/v2/{path}/tags/list")
        return sorted(document["tags"] or [])

    async def _ask(self, outside: Outside, path: str) -> Any:
        headers = {"Authorization": Login(*outside.docker_login).header} if outside.docker_login else {}
        async with self._harbor.backing.session.get(f"http://{outside.address}{path}", headers=headers) as response:
            response.raise_for_status()
            return await response.json()

    def _prepare(self, path: str, outside: Outside | None) -> None:
        """Make the namespace as the adapters do: Harbor makes projects, TCR namespaces, ACR nothing."""
        namespace = path.partition("/")[0]
        if outside is None:
            if namespace not in self._harbor.projects:
                self._harbor.add_project(namespace)
        elif outside.type in ("tencent-tcr", "harbor"):
            outside.create_namespace(namespace)
            if outside.namespaces is not None:
                outside.namespaces |= {namespace}

    async def _do(self, task: Task, execution: Execution, outside: Outside, pushes: bool, override: bool) -> None:
        if execution.stopping:
            task.status = "Stopped"
            return
        task.status, task.started = "InProgress", now()
        own = self._harbor.backing.url.removeprefix("http://")
        for tag in task.tags:
            planned = self._harbor.failures.pop(task.source, "")
            if not planned and pushes and outside.namespaces is not None:
                namespace = task.target.partition("/")[0]
                if namespace not in outside.namespaces:
                    planned = f"http status code: 403, body: denied: namespace {namespace} does not exist"
            if planned:
                self._log(task, "ERROR", f"failed to push manifest {task.target}:{tag}: {planned}")
                task.status, task.ended = "Failed", now()
                return
            source = f"{own if pushes else outside.address}/{task.source}:{tag}"
            target = f"{outside.address if pushes else own}/{task.target}:{tag}"
            self._log(task, "INFO", f"copying {task.source}:[{tag}](source registry) to {task.target}:[{tag}]...")
            said = await _skopeo(source, target, outside.docker_login, pushes)
            if said:
                self._log(task, "ERROR", said)
                task.status, task.ended = "Failed", now()
                return
        self._log(task, "INFO", "copy completed")
        task.status, task.ended = "Succeed", now()

    def _log(self, task: Task, level: str, said: str) -> None:
        task.log.append(f"{now()} [{level}] [/controller/replication/transfer/image/transfer.go:182]: {said}")


def renamed(path: str, policy: dict[str, Any]) -> str:
    """Return the path at the target. Raises ValueError when it has fewer parts than are to be replaced."""
    namespace = policy.get("dest_namespace") or ""
    count = policy.get("dest_namespace_replace_count", -1)
    if not namespace:
        return path
    parts = path.split("/")
    if count < 0:
        return f"{namespace}/{parts[-1]}"
    if count > len(parts) - 1:
        raise ValueError(f"the source repository {path!r} contains only {len(parts) - 1} path components")
    return "/".join([namespace, *parts[count:]])


async def _skopeo(source: str, target: str, login: tuple[str, str] | None, pushes: bool) -> str:
    """Copy one tag and return what went wrong, '' for nothing."""
    creds = (["--dest-creds" if pushes else "--src-creds", ":".join(login)]) if login else []
    process = await asyncio.create_subprocess_exec(
        str(path_of("skopeo")),
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        *creds,
        f"docker://{source}",
        f"docker://{target}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    return "" if process.returncode == 0 else errors.decode(errors="replace").strip().splitlines()[-1]
