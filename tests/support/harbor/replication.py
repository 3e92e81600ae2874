"""The stand-in's replication: registries, policies and executions over REST; skopeo moves what they copy."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support.harbor.answers import Refused, created, empty, listed, reply
from tests.support.harbor.jobs import Jobs
from tests.support.harbor.rest import Rest, body_of
from tests.support.harbor.state import Execution, HarborAccount, KnownRegistry, Outside, Task, now

if TYPE_CHECKING:
    from tests.support.harbor.server import StandInHarbor

TYPES_BY_VERSION = {
    (1, 10): ["harbor", "docker-hub", "docker-registry", "huawei-SWR", "google-gcr", "aws-ecr", "azure-acr", "ali-acr"],
    (2, 2): ["quay", "tencent-tcr", "github-ghcr", "dtr", "jfrog-artifactory", "gitlab"],
    (2, 12): ["volcengine-cr"],
}
_CRON = re.compile(r"0 [0-9,/-]+ \S+ \S+ \S+ \S+")
_NAMESPACE = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*")
_TENCENT_KEY = re.compile(r"AKID|IKID")
_TENCENT_HOST = re.compile(r"https?://[a-z0-9-]+(?<!-vpc)\.tencentcloudcr\.com")
_MASKED = "*****"


class Replication:
    """Answers for registries, policies, executions; all of it for administrators."""

    def __init__(self, harbor: StandInHarbor, rest: Rest) -> None:
        self._harbor = harbor
        self._rest = rest
        self.registries: dict[int, KnownRegistry] = {}
        self.policies: dict[int, dict[str, Any]] = {}
        self.executions: dict[int, Execution] = {}
        self._next = 1
        self._jobs = Jobs(harbor, self)
        self._running: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # Registries

    async def adapters(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """The types that this version knows."""
        self._rest.need_admin(account)
        return reply(self._types())

    async def list_registries(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """Without their secrets."""
        self._rest.need_admin(account)
        return listed(request, [self._registry_document(each) for each in self.registries.values()])

    async def create_registry(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """After a look whether it is in reach."""
        self._rest.need_admin(account)
        document = await body_of(request)
        name, kind = str(document.get("name", "")), str(document.get("type", ""))
        if not 0 < len(name) <= 64:
            raise Refused(422, "name must be 1 to 64 characters")
        if kind not in self._types():
            raise Refused(400, f"unsupported registry type {kind}")
        if any(each.name == name for each in self.registries.values()):
            raise Refused(409, f"registry {name} already exists")
        credential = document.get("credential") or {}
        self._check_reach(kind, str(document.get("url", "")), credential)
        made = KnownRegistry(
            self.number(),
            name,
            kind,
            str(document["url"]),
            str(credential.get("access_key", "")),
            str(credential.get("access_secret", "")),
            document.get("insecure") is True,
            str(document.get("description", "")),
        )
        self.registries[made.id] = made
        return created(request.rel_url.raw_path, made.id)

    async def update_registry(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """Flat fields; another URL without a secret drops the secret."""
        self._rest.need_admin(account)
        known = self._registry(key)
        document = await body_of(request)
        if "credential" in document:
            raise Refused(422, "credential in body is a forbidden property")
        secret = document.get("access_secret")
        if secret is None and document.get("url", known.url) != known.url:
            secret = ""
        key_given = str(document.get("access_key", known.access_key))
        secret_given = known.access_secret if secret is None else str(secret)
        url = str(document.get("url", known.url))
        self._check_reach(known.type, url, {"access_key": key_given, "access_secret": secret_given})
        known.url, known.access_key, known.access_secret = url, key_given, secret_given
        known.name = str(document.get("name", known.name))
        return empty()

    async def delete_registry(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """Not while a policy uses it."""
        self._rest.need_admin(account)
        known = self._registry(key)
        sides = [
            policy.get(side, {}) for policy in self.policies.values() for side in ("src_registry", "dest_registry")
        ]
        if any(side.get("id") == known.id for side in sides):
            raise Refused(412, f"the registry {known.id} is referenced by replication policies, cannot delete it")
        del self.registries[known.id]
        return empty()

    async def ping(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """With an id the rest is not looked at."""
        self._rest.need_admin(account)
        document = await body_of(request)
        if document.get("id"):
            known = self._registry(str(document["id"]))
            self._check_reach(known.type, known.url, vars(known))
        else:
            self._check_reach(str(document.get("type", "")), str(document.get("url", "")), document)
        return empty()

    async def registry_info(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """What policies with it may have."""
        self._rest.need_admin(account)
        known = self._registry(key) if key != "0" else None
        kind = known.type if known else "harbor"
        filters = [
            {"type": "name", "style": "input", "values": None},
            {"type": "tag", "style": "input", "values": None},
        ]
        info: dict[str, Any] = {"type": kind, "supported_resource_filters": filters}
        info["supported_triggers"] = ["manual", "scheduled"] + (["event_based"] if kind == "harbor" else [])
        if self._harbor.version_tuple >= (2, 7):
            info["supported_copy_by_chunk"] = kind in ("harbor", "azure-acr")
        return reply(info)

    # Policies

    async def list_policies(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """Those whose name contains what is asked for."""
        self._rest.need_admin(account)
        part = request.query.get("name", "")
        return listed(request, [self._shown(each) for each in self.policies.values() if part in each["name"]])

    async def get_policy(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """One."""
        self._rest.need_admin(account)
        return reply(self._shown(self._policy(key)))

    async def create_policy(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """After a look at every field."""
        self._rest.need_admin(account)
        policy = self._checked(await body_of(request))
        if any(each["name"] == policy["name"] for each in self.policies.values()):
            raise Refused(409, f"policy {policy['name']} already exists")
        policy["id"] = self.number()
        self.policies[policy["id"]] = policy
        return created(request.rel_url.raw_path, policy["id"])

    async def update_policy(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """As a whole."""
        self._rest.need_admin(account)
        known = self._policy(key)
        self.policies[known["id"]] = {
            **self._checked(await body_of(request)),
            "id": known["id"],
            "creation_time": known["creation_time"],
        }
        return empty()

    async def delete_policy(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """Not while it runs."""
        self._rest.need_admin(account)
        known = self._policy(key)
        if any(each.policy == known["id"] and each.status == "InProgress" for each in self.executions.values()):
            raise Refused(412, f"the policy {key} has running executions, cannot be deleted")
        del self.policies[known["id"]]
        return empty()

    # Executions

    async def start(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """In the background."""
        self._rest.need_admin(account)
        policy = self._policy(str((await body_of(request)).get("policy_id", "")))
        if not policy["enabled"]:
            raise Refused(412, f"the policy {policy['id']} is disabled")
        execution = Execution(self.number(), policy["id"])
        self.executions[execution.id] = execution
        job = asyncio.create_task(self._jobs.run(execution, policy))
        self._running.add(job)
        job.add_done_callback(self._running.discard)
        return created(request.rel_url.raw_path, execution.id)

    async def list_executions(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """The latest first."""
        self._rest.need_admin(account)
        wanted = request.query.get("policy_id", "")
        found = [each for each in reversed(self.executions.values()) if wanted in ("", str(each.policy))]
        return listed(request, [self._execution_document(each) for each in found])

    async def get_execution(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """One."""
        self._rest.need_admin(account)
        return reply(self._execution_document(self._execution(key)))

    async def stop(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """What has not begun is dropped."""
        self._rest.need_admin(account)
        self._execution(key).stopping = True
        return empty()

    async def tasks(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """One for each repository."""
        self._rest.need_admin(account)
        found = [self._task_document(each) for each in self._execution(key).tasks]
        status = request.query.get("status", "")
        return listed(request, [each for each in found if status in ("", each["status"])])

    async def log(self, request: web.BaseRequest, account: HarborAccount | None, key: str, task: str) -> web.Response:
        """Text; not there before anything was written."""
        self._rest.need_admin(account)
        found = next((each for each in self._execution(key).tasks if each.id == int(task)), None)
        if found is None or not found.log:
            raise Refused(404, f"task {task} log not found")
        return web.Response(text="\n".join(found.log) + "\n", headers={"X-Request-Id": "6f7f9a5a"})

    def number(self) -> int:
        """Return the next id."""
        self._next += 1
        return self._next

    def outside(self, registry: KnownRegistry) -> Outside:
        """Return what a known registry is in truth."""
        return next(each for each in self._harbor.outside if each.url == registry.url)

    def _checked(self, document: dict[str, Any]) -> dict[str, Any]:
        version = self._harbor.version_tuple
        since = {
            "dest_namespace_replace_count": (2, 3),
            "speed": (2, 4),
            "copy_by_chunk": (2, 7),
            "single_active_replication": (2, 14),
        }
        for field, first in since.items():
            if field in document and version < first:
                self._harbor.complaints.append(f"{field} is not known to {self._harbor.version}")
        if not document.get("name"):
            raise Refused(400, "empty name")
        sides = [(document.get(side) or {}).get("id", 0) for side in ("src_registry", "dest_registry")]
        if bool(sides[0]) == bool(sides[1]):
            raise Refused(400, "either src_registry or dest_registry should be empty and the other one shouldn't be")
        self._registry(str(sides[0] or sides[1]))
        namespace = document.get("dest_namespace", "")
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise Refused(400, f"invalid destination namespace: {namespace}")
        for each in document.get("filters") or []:
            self._check_filter(each)
        trigger = document.get("trigger") or {"type": "manual"}
        if trigger["type"] not in ("manual", "scheduled", "event_based"):
            raise Refused(400, "invalid trigger type")
        cron = (trigger.get("trigger_settings") or {}).get("cron", "")
        if trigger["type"] == "scheduled" and not _CRON.fullmatch(cron):
            raise Refused(400, f"invalid cron string for scheduled trigger: {cron}")
        return {**document, "trigger": trigger, "creation_time": now(), "update_time": now()}

    def _check_filter(self, document: dict[str, Any]) -> None:
        kind, value, decoration = document.get("type"), document.get("value"), document.get("decoration", "")
        if kind not in ("name", "tag", "label", "resource"):
            raise Refused(400, "invalid filter type")
        if kind == "label" and self._harbor.api == "2.0" and not isinstance(value, list):
            raise Refused(400, "the type of label filter value isn't string slice")
        if kind != "label" and not isinstance(value, str):
            raise Refused(400, "the type of filter value isn't string")
        if decoration and kind in ("name", "resource"):
            raise Refused(400, "only tag and label filter support decoration")
        if decoration and self._harbor.version_tuple < (2, 2):
            self._harbor.complaints.append(f"a decoration is not known to {self._harbor.version}")
        if decoration not in ("", "matches", "excludes"):
            raise Refused(400, f"invalid filter decoration, :{decoration}")

    def _check_reach(self, kind: str, url: str, credential: Any) -> None:
        """Raise Refused as Harbor does for a registry that it cannot reach or log in to."""
        found = next((each for each in self._harbor.outside if each.url == url), None)
        given = (str(credential.get("access_key", "")), str(credential.get("access_secret", "")))
        if kind == "tencent-tcr" and not (_TENCENT_KEY.match(given[0]) and _TENCENT_HOST.fullmatch(url)):
            # The adapter takes the instance's name from the host, and does not drop `-vpc` from it.
            raise Refused(400, "the registry is unhealthy")
        if found is None or found.type != kind or given != (found.access_key, found.access_secret):
            raise Refused(400, "the registry is unhealthy")

    def _shown(self, policy: dict[str, Any]) -> dict[str, Any]:
        """Return a policy as it is given back: both sides, Harbor itself with the number 0."""
        sides: dict[str, Any] = {}
        for side in ("src_registry", "dest_registry"):
            number = (policy.get(side) or {}).get("id", 0)
            own = {"id": 0, "name": "Local", "type": "harbor", "url": "http://core:8080"}
            sides[side] = self._registry_document(self.registries[number]) if number else own
        return {**policy, **sides, "replicate_deletion": policy.get("deletion", False)}

    def _registry_document(self, registry: KnownRegistry) -> dict[str, Any]:
        return {
            "id": registry.id,
            "name": registry.name,
            "type": registry.type,
            "url": registry.url,
            "credential": {"type": "basic", "access_key": registry.access_key, "access_secret": _MASKED},
            "insecure": registry.insecure,
            "description": registry.description,
            "status": "healthy",
            "creation_time": registry.created,
            "update_time": registry.created,
        }

    def _execution_document(self, execution: Execution) -> dict[str, Any]:
        count = {status: sum(task.status == status for task in execution.tasks) for status in _STATUSES}
        return {
            "id": execution.id,
            "policy_id": execution.policy,
            "status": execution.status,
            "status_text": execution.text,
            "trigger": "manual",
            "start_time": execution.started,
            "end_time": execution.ended,
            "total": len(execution.tasks),
            "succeed": count["Succeed"],
            "failed": count["Failed"],
            "stopped": count["Stopped"],
            "in_progress": count["InProgress"] + count["Pending"],
        }

    def _task_document(self, task: Task) -> dict[str, Any]:
        named = self._harbor.names_tags
        return {
            "id": task.id,
            "execution_id": task.execution,
            "job_id": f"{task.id:024x}",
            "status": task.status,
            "operation": "copy",
            "resource_type": "artifact" if self._harbor.api == "2.0" else "image",
            "src_resource": f"{task.source}:[{','.join(task.tags)}]" if named else _counted(task.source, task),
            "dst_resource": f"{task.target}:[{','.join(task.tags)}]" if named else _counted(task.target, task),
            "start_time": task.started,
            "end_time": task.ended,
        }

    def _types(self) -> list[str]:
        known = [types for since, types in TYPES_BY_VERSION.items() if self._harbor.version_tuple >= since]
        return [each for types in known for each in types]

    def _registry(self, key: str) -> KnownRegistry:
        found = self.registries.get(int(key)) if key.isdigit() else None
        if found is None:
            raise Refused(404, f"registry {key} not found")
        return found

    def _policy(self, key: str) -> dict[str, Any]:
        found = self.policies.get(int(key)) if key.isdigit() else None
        if found is None:
            raise Refused(404, f"policy {key} not found")
        return found

    def _execution(self, key: str) -> Execution:
        found = self.executions.get(int(key))
        if found is None:
            raise Refused(404, f"replication execution {key} not found")
        return found


_STATUSES = ("Pending", "InProgress", "Succeed", "Failed", "Stopped")


def _counted(path: str, task: Task) -> str:
    return f"{path} [{len(task.tags)} item(s) in total]"
