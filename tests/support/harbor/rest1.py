"""What Harbor 1.10 answers otherwise than 2.0: system information, repositories of a project by number, tags."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.support.harbor.answers import Refused, listed, reply
from tests.support.harbor.rest import Rest
from tests.support.harbor.state import HarborAccount


class Rest1(Rest):
    """Answers below `/api` as 1.10 does."""

    async def systeminfo(self, request: web.BaseRequest, account: HarborAccount | None) -> web.Response:
        """The same for everybody."""
        harbor = self._harbor
        return reply(
            {
                "with_notary": True,
                "with_clair": False,
                "with_admiral": False,
                "auth_mode": harbor.auth_mode,
                "registry_url": harbor.address,
                "project_creation_restriction": harbor.creators,
                "self_registration": False,
                "has_ca_root": False,
                "harbor_version": f"v{harbor.version}-8d8a8b0f",
                "registry_storage_provider_name": "filesystem",
                "read_only": harbor.read_only,
                "with_chartmuseum": any(project.charts for project in harbor.projects.values()),
            }
        )

    async def repositories(
        self, request: web.BaseRequest, account: HarborAccount | None, key: str = ""
    ) -> web.Response:
        """Those of one project: its number has to be given."""
        number = request.query.get("project_id", "")
        if not number.isdigit():
            raise Refused(400, f"invalid project_id {number}")
        project = self.project(number, request)
        self.need(account, project, "repository:list")
        found: list[dict[str, Any]] = []
        for name in await self._harbor.backing.repositories():
            if name.partition("/")[0] == project.name:
                document = await self.repository_document(name, project)
                document["tags_count"] = document.pop("artifact_count")
                found.append({**document, "description": "", "star_count": 0, "labels": []})
        return listed(request, found)

    async def tags(self, request: web.BaseRequest, account: HarborAccount | None, repository: str) -> web.Response:
        """All tags at once."""
        if "%" in repository:
            self._harbor.complaints.append(f"{repository}: 1.x takes the slashes of a repository as they are")
        project = self._harbor.projects.get(repository.partition("/")[0])
        if project is None:
            raise Refused(404, f"project {repository.partition('/')[0]} not found")
        self.need(account, project, "tag:list")
        stored = await self._harbor.backing.artifacts(repository)
        if not stored:
            raise Refused(404, f"repository {repository} not found")
        found = []
        for artifact in stored:
            platform = await self._harbor.backing.platform(repository, artifact)
            labels = self._harbor.labels.get((repository, artifact.digest), [])
            for tag in artifact.tags:
                found.append(
                    {
                        "digest": artifact.digest,
                        "name": tag,
                        "size": artifact.size,
                        "architecture": platform.get("architecture", ""),
                        "os": platform.get("os", ""),
                        "docker_version": "",
                        "author": "",
                        "created": platform.get("created", "0001-01-01T00:00:00Z"),
                        "immutable": self._harbor.is_immutable(repository, tag),
                        "signature": {"tag": tag, "hashes": {}} if tag in self._harbor.notary else None,
                        "labels": [{"id": 1, "name": name, "scope": "g"} for name in labels],
                        "push_time": self._harbor.backing.push_time(repository, tag),
                        "pull_time": "0001-01-01T00:00:00Z",
                    }
                )
        return reply(found)
