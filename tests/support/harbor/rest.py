"""The stand-in's REST API in version 2.0: projects, repositories, artifacts, quotas, immutable tags."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from tests.support.harbor.answers import Refused, created, empty, listed, reply
from tests.support.harbor.backing import INDEXES, Stored
from tests.support.harbor.state import HarborAccount, HarborProject

if TYPE_CHECKING:
    from tests.support.harbor.server import StandInHarbor

PROJECT_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_SIGNATURE_TAG = re.compile(r"sha256-([0-9a-f]{64})\.(sig|att|sbom)")
_TERM = re.compile(r"(?P<key>[a-z_]+)=(?P<value>.+)")


class Rest:
    """Answers below `/api/v2.0`; a handler gets the request, who asks (None for a stranger) and parts of the path."""

    def __init__(self, harbor: StandInHarbor) -> None:
        self._harbor = harbor

    async def systeminfo(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """Strangers get less, and a wrong password makes a stranger."""
        harbor = self._harbor
        info: dict[str, Any] = {
            "auth_mode": harbor.auth_mode,
            "primary_auth_mode": False,
            "self_registration": False,
            "banner_message": "",
        }
        if account is not None:
            info |= {
                "harbor_version": f"v{harbor.version}-5f2e1b7c",
                "external_url": f"http://{harbor.address}",
                "registry_url": harbor.address,
                "project_creation_restriction": harbor.creators,
                "read_only": harbor.read_only,
                "has_ca_root": False,
                "registry_storage_provider_name": "filesystem",
                "notification_enable": True,
            }
        return reply(info)

    async def projects(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """Those the account may see."""
        part = request.query.get("name", "")
        seen = [each for each in self._harbor.projects.values() if part in each.name and self.sees(account, each)]
        return listed(request, [self.project_document(each, account) for each in seen])

    async def has_project(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """HEAD: no permission is needed."""
        name = request.query.get("project_name", "")
        if not name:
            raise Refused(422, "project_name in query is required")
        return empty(200 if name in self._harbor.projects else 404)

    async def create_project(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """By everybody, or administrators and robots of the system."""
        if account is None:
            raise Refused(401, "unauthorized")
        if not self._harbor.may_create(account):
            raise Refused(403, "Only system admin can create project")
        document = await body_of(request)
        name = str(document.get("project_name", ""))
        if not PROJECT_NAME.fullmatch(name) or len(name) > 255:
            raise Refused(400, f"project name {name} is invalid")
        if name in self._harbor.projects:
            raise Refused(409, f"The project named {name} already exists")
        metadata = document.get("metadata") or {}
        if not all(isinstance(value, str) for value in metadata.values()):
            raise Refused(422, "metadata values must be of type string")
        made = self._harbor.add_project(name, public=metadata.get("public") == "true")
        if account.admin and document.get("storage_limit"):
            made.storage_limit = int(document["storage_limit"])
        account.roles.setdefault(name, 1)
        return created(request.rel_url.raw_path, made.id)

    async def summary(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """With the quota, for members."""
        project = self.project(key, request)
        self.need(account, project, "quota:read")
        used, count = await self._harbor.backing.used(project.name)
        repositories = [each for each in await self._harbor.backing.repositories() if _project(each) == project.name]
        quota = {"hard": {"storage": project.storage_limit}, "used": {"storage": used}}
        if self._harbor.api == "1":
            quota["hard"]["count"], quota["used"]["count"] = project.count_limit, count
        return reply({"repo_count": len(repositories), "quota": quota})

    async def quotas(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """For administrators."""
        self.need_admin(account)
        wanted = request.query.get("reference_id", "")
        found = []
        for project in self._harbor.projects.values():
            if wanted in ("", str(project.id)):
                used, _ = await self._harbor.backing.used(project.name)
                found.append(
                    {
                        "id": project.id,
                        "ref": {"id": project.id, "name": project.name, "owner_name": "admin"},
                        "hard": {"storage": project.storage_limit},
                        "used": {"storage": used},
                        "creation_time": project.created,
                        "update_time": project.created,
                    }
                )
        return listed(request, found)

    async def immutable_rules(self, request: web.BaseRequest, account: HarborAccount | None, key: str) -> web.Response:
        """For maintainers of the project."""
        project = self.project(key, request)
        self.need(account, project, "immutable-tag:list")
        return listed(request, project.immutable)

    async def repositories(
        self, request: web.BaseRequest, account: HarborAccount | None, key: str = ""
    ) -> web.Response:
        """Those of a project, or of all that the account may list."""
        if key:
            project = self._harbor.projects.get(unquote(key))
            if project is None:
                raise Refused(403 if account else 401, "forbidden" if account else "unauthorized")
            self.need(account, project, "repository:list")
        found = []
        for name in await self._harbor.backing.repositories():
            its = self._harbor.projects.get(_project(name))
            if its is None or (key and its.name != unquote(key)):
                continue
            if self.may(account, its, "repository:list"):
                found.append(await self.repository_document(name, its))
        return listed(request, self.filtered(request, found))

    async def artifacts(
        self, request: web.BaseRequest, account: HarborAccount | None, key: str, twice: str
    ) -> web.Response:
        """With tags, labels, accessories."""
        project = self._harbor.projects.get(unquote(key))
        repository = f"{unquote(key)}/{unquote(unquote(twice))}"
        if "/" in unquote(twice):
            self._harbor.complaints.append(f"{request.rel_url.raw_path}: the repository is encoded once only")
        if project is None:
            raise Refused(403 if account else 401, "forbidden" if account else "unauthorized")
        self.need(account, project, "artifact:list")
        stored = await self._harbor.backing.artifacts(repository)
        if not stored:
            raise Refused(404, f"repository {repository} not found")
        attached = {tag: each for each in stored for tag in each.tags if _SIGNATURE_TAG.fullmatch(tag)}
        shown = [each for each in stored if not any(tag in attached for tag in each.tags)]
        query = request.query.get("q", "")
        if query == "tags=nil":
            shown = []
        elif query not in ("", "tags=*", "base=*"):
            part = query.removeprefix("tags=~")
            shown = [each for each in shown if any(part in tag for tag in each.tags)]
        documents = [await self.artifact_document(request, repository, each, attached) for each in shown]
        return listed(request, documents)

    async def delete_tag(
        self, request: web.BaseRequest, account: HarborAccount | None, key: str, twice: str, digest: str, tag: str
    ) -> web.Response:
        """The tag alone, when it is on that artifact."""
        project = self._harbor.projects.get(unquote(key))
        if project is None:
            raise Refused(403 if account else 401, "forbidden" if account else "unauthorized")
        self.need(account, project, "tag:delete")
        repository, name = f"{unquote(key)}/{unquote(unquote(twice))}", unquote(tag)
        stored = await self._harbor.backing.artifacts(repository)
        if not any(each.digest == unquote(digest) and name in each.tags for each in stored):
            raise Refused(404, f"tag {name} attached to artifact {unquote(digest)} not found")
        if self._harbor.is_immutable(repository, name):
            raise Refused(412, f"configured as immutable, cannot be deleted: {repository}:{name}")
        self._harbor.untag(repository, name)
        return web.Response()

    async def artifact_document(
        self, request: web.BaseRequest, repository: str, stored: Stored, attached: dict[str, Stored]
    ) -> dict[str, Any]:
        """Return an artifact in Harbor's JSON."""
        backing = self._harbor.backing
        wants = {name: request.query.get(name, "") == "true" for name in ("with_label", "with_accessory")}
        labels = self._harbor.labels.get((repository, stored.digest), [])
        kind = "CHART" if "helm" in stored.config_type else "IMAGE"
        pushed = [backing.push_time(repository, tag) for tag in stored.tags]
        document: dict[str, Any] = {
            "id": int(stored.digest[7:14], 16),
            "type": kind,
            "media_type": stored.config_type or stored.media_type,
            "manifest_media_type": stored.media_type,
            "artifact_type": stored.config_type or stored.media_type,
            "project_id": self._harbor.projects[_project(repository)].id,
            "repository_id": 1,
            "repository_name": repository,
            "digest": stored.digest,
            "size": stored.size,
            "push_time": max(pushed, default=backing.started),
            "pull_time": "0001-01-01T00:00:00.000Z",
            "extra_attrs": await backing.platform(repository, stored) if kind == "IMAGE" else {},
            "references": self._references(stored),
            "tags": self._tags(request, repository, stored),
            "labels": [_label(name, number) for number, name in enumerate(labels, 1)] if wants["with_label"] else None,
        }
        its = [each for each in attached if each.startswith(stored.digest.replace(":", "-"))]
        document["accessories"] = (
            [
                {
                    "id": number,
                    "artifact_id": number + 100,
                    "subject_artifact_digest": stored.digest,
                    "subject_artifact_repo": repository,
                    "digest": attached[tag].digest,
                    "size": attached[tag].size,
                    "type": "signature.cosign" if tag.endswith(".sig") else "sbom.harbor",
                    "icon": "",
                    "creation_time": backing.started,
                }
                for number, tag in enumerate(its, 1)
            ]
            if wants["with_accessory"]
            else None
        )
        return document

    async def repository_document(self, name: str, project: HarborProject) -> dict[str, Any]:
        """Return a repository in Harbor's JSON."""
        artifacts = await self._harbor.backing.artifacts(name)
        return {
            "id": abs(hash(name)) % 100_000,
            "project_id": project.id,
            "name": name,
            "artifact_count": len(artifacts),
            "pull_count": 0,
            "creation_time": project.created,
            "update_time": project.created,
        }

    def project_document(self, project: HarborProject, account: HarborAccount | None) -> dict[str, Any]:
        """Return a project in Harbor's JSON; the names of a few fields differ in 1.10."""
        role = account.roles.get(project.name, 0) if account else 0
        document: dict[str, Any] = {
            "project_id": project.id,
            "owner_id": 1,
            "name": project.name,
            "owner_name": "admin",
            "repo_count": 0,
            "creation_time": project.created,
            "update_time": project.created,
            "deleted": False,
            "togglable": False,
            "current_user_role_id": role,
            "metadata": {"public": "true" if project.public else "false", **project.metadata},
        }
        if self._harbor.api == "1":
            return document | {"chart_count": project.charts}
        return document | {"registry_id": project.registry_id, "current_user_role_ids": [role] if role else None}

    def project(self, key: str, request: web.BaseRequest) -> HarborProject:
        """Return a project by number, or by name with a name that is no number or a header that says so."""
        key = unquote(key)
        named = request.headers.get("X-Is-Resource-Name", "") == "true"
        for project in self._harbor.projects.values():
            if (key.isdigit() and not named and project.id == int(key)) or (
                project.name == key and (named or not key.isdigit())
            ):
                return project
        raise Refused(404, f"project {key} not found")

    def sees(self, account: HarborAccount | None, project: HarborProject) -> bool:
        """Return whether a project is in an account's list."""
        return project.public or (account is not None and account.knows(project.name))

    def may(self, account: HarborAccount | None, project: HarborProject, permission: str) -> bool:
        """Return whether somebody has a permission; everybody reads what is public."""
        readable = permission in ("repository:list", "artifact:list", "tag:list", "repository:pull")
        return (project.public and readable) or (account is not None and account.may(project.name, permission))

    def need(self, account: HarborAccount | None, project: HarborProject, permission: str) -> None:
        """Raise Refused as Harbor does, 401 for strangers and 403 for others."""
        if not self.may(account, project, permission):
            raise Refused(401, "unauthorized") if account is None else Refused(403, "forbidden")

    def need_admin(self, account: HarborAccount | None) -> None:
        """Raise Refused unless an administrator asks."""
        if account is None:
            raise Refused(401, "unauthorized")
        if not account.admin:
            raise Refused(403, "forbidden")

    def filtered(self, request: web.BaseRequest, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the documents for which every term of `q=` holds."""
        for term in filter(None, request.query.get("q", "").split(",")):
            match = _TERM.fullmatch(term)
            if match is None:
                raise Refused(400, 'the query string must contain "=" and the key/value cannot be empty')
            documents = [each for each in documents if _holds(str(each.get(match["key"], "")), match["value"])]
        return documents

    def _references(self, stored: Stored) -> list[dict[str, Any]] | None:
        if stored.media_type not in INDEXES:
            return None
        return [
            {"parent_id": 1, "child_id": number, "child_digest": child["digest"], "platform": child.get("platform", {})}
            for number, child in enumerate(stored.document.get("manifests", []), 2)
        ]

    def _tags(self, request: web.BaseRequest, repository: str, stored: Stored) -> list[dict[str, Any]] | None:
        if request.query.get("with_tag", "true") != "true":
            return None
        asked = request.query.get("with_immutable_status", "") == "true"
        return [
            {
                "id": number,
                "repository_id": 1,
                "artifact_id": 1,
                "name": tag,
                "push_time": self._harbor.backing.push_time(repository, tag),
                "pull_time": "0001-01-01T00:00:00.000Z",
                "immutable": asked and self._harbor.is_immutable(repository, tag),
            }
            for number, tag in enumerate(stored.tags, 1)
        ]


async def body_of(request: web.BaseRequest) -> dict[str, Any]:
    """Return the JSON object of a request."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise Refused(422, 'unsupported media type, only "application/json" is allowed')
    try:
        document = json.loads(await request.read())
    except ValueError:
        raise Refused(422, "parsing body failed") from None
    if not isinstance(document, dict):
        raise Refused(422, "the body must be an object")
    return document


def _label(name: str, number: int) -> dict[str, Any]:
    return {"id": number, "name": name, "color": "#0065AB", "scope": "g", "project_id": 0}


def _holds(value: str, wanted: str) -> bool:
    if wanted.startswith("~"):
        return wanted[1:] in value
    if wanted.startswith("{"):
        return value in [each.strip("\"'") for each in wanted[1:-1].split(" ")]
    return value == wanted


def _project(repository: str) -> str:
    return repository.partition("/")[0]
