"""Runs from and to a Harbor by the command line: whole projects without the catalog, missing projects created."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.providers.harbor.conftest import ADMIN, GUEST, MAINTAINER, Fleet
from tests.support.cli import Cli
from tests.support.harbor.state import HarborAccount
from tests.support.registry import Login, RealRegistry


async def copied(folder: Path, *arguments: str, logins: dict[str, HarborAccount], status: int = 0) -> dict[str, Any]:
    cli = Cli(folder)
    cli.docker_login(*((address, Login(each.name, each.password)) for address, each in logins.items()))
    sides = ("--src-plain-http", "--dest-plain-http")
    result = await asyncio.to_thread(cli.run, "copy", *arguments, *sides, "--retries", "0", "--json")
    return result.expect(status)


@pytest.mark.parametrize("api", ["2.0", "1"])
async def test_a_guest_copies_a_whole_project(fleet: Fleet, tmp_path: Path, api: str) -> None:
    harbor = fleet.start(ADMIN, GUEST, api=api)
    for project in ("shop", "other"):
        harbor.add_project(project)
        fleet.fill(harbor, f"{project}/web/front", "v1", "v2")
    with RealRegistry() as target:
        rule = (f"{harbor.address}/shop/*", f"{target.address}/{{path}}")
        document = await copied(tmp_path, *rule, logins={harbor.address: GUEST})
        assert document["tasks"]["done"] == 2
    assert harbor.count("GET /v2/_catalog") == 0
    assert harbor.count("GET /api/v2.0/repositories") == 0


async def test_a_project_that_is_missing_is_created_when_asked(fleet: Fleet, tmp_path: Path) -> None:
    harbor = fleet.start(ADMIN, MAINTAINER)
    with RealRegistry() as source:
        from tests.support import images
        from tests.support.pusher import Pusher

        pusher = Pusher(source)
        pusher.manifest("apps/one", images.image([images.layer("one")], label="one"), ["v1"])
        pusher.close()
        rule = (f"{source.address}/apps/one", f"{harbor.address}/fresh/one")
        refused = await copied(tmp_path, *rule, logins={harbor.address: ADMIN}, status=1)
        assert "fresh" in refused["failed"][0]["message"]
        assert "fresh" not in harbor.projects
        made = await copied(tmp_path, *rule, "--create-missing", logins={harbor.address: ADMIN})
        assert made["tasks"]["done"] == 1
        assert not harbor.projects["fresh"].public
        logs = [path for path in (tmp_path / "state").rglob("*.jsonl") if made["run"] in str(path)]
        events = [json.loads(line) for path in logs for line in path.read_text().splitlines()]
        assert [each["message"] for each in events if each["event"] == "prepared"] == ["create fresh, for members only"]
