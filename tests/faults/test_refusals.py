"""Registries that refuse everything for a while, that are full, and resolvers that forget: the host's state or a
project's, and not the failure of thousands of tasks."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.engine.harness import blob, picture
from tests.faults.scripted import Scene, scene
from tests.support.faults import Script, Turn, always, nth
from tests.support.faults.actions import answer, reset
from tests.support.faults.personalities import Harbor
from tui.engine.journal.reader import JournalReader
from tui.engine.runner import make_run
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Plan, Rule

REPOSITORIES = 12


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask more often than usual whether a registry is back."""
    monkeypatch.setattr("tui.oci.host._FIRST_PROBE", 0.01)
    monkeypatch.setattr("tui.oci.host._LONGEST_PROBE", 0.02)


def fill(here: Scene) -> None:
    for number in range(REPOSITORIES):
        here.put(picture(f"app{number}", blob(number, 900)), f"library/app{number}", "v1")


def host_states(folder: RunFolder) -> list[str]:
    lines = [json.loads(line) for line in folder.log.read_text().splitlines()]
    return [line["state"] for line in lines if line["event"] == "host"]


async def test_a_registry_that_refuses_everything_for_a_while(tmp_path: Path, quick: None) -> None:
    at_target = Script()
    async with scene(tmp_path, at_target=at_target) as here:
        fill(here)
        at_target.on(".*", "", answer(403, "DENIED", "your address is blocked"), nth(*range(60, 90)))
        outcome = await here.run(concurrency=3, retries=0)
        assert (outcome.code, set(outcome.states().values())) == (0, {"done"})
        assert host_states(outcome.folder) == ["refusing", "ok"]
        with JournalReader(outcome.folder.journal) as reader:
            assert reader.attempts() == []


async def test_a_permission_that_is_missing_is_the_failure_of_its_tasks(tmp_path: Path, quick: None) -> None:
    at_target = Script()
    async with scene(tmp_path, at_target=at_target) as here:
        fill(here)
        at_target.on("POST", "/uploads/", answer(403, "DENIED", "requested access is denied"), always())
        outcome = await here.run()
        assert outcome.code == 1
        assert {task["error_class"] for task in outcome.tasks()} == {"DENIED"}
        assert host_states(outcome.folder) == []
        pings = [seen for seen in at_target.seen if seen.path.rstrip("/") == "/v2"]
        assert len(pings) < REPOSITORIES, (
            "a registry that denies this and that is not asked each time whether it is there"
        )


async def test_what_does_not_fit_into_a_full_project_is_sent_once(tmp_path: Path) -> None:
    harbor = Harbor({"library"}, quotas={"library": 20_000})
    async with scene(tmp_path, at_target=Script(personality=harbor)) as here:
        for number in range(6):
            here.put(picture(f"large{number}", blob(40 + number, 30_000)), f"library/large{number}", "v1")
        here.put(picture("small", blob(50, 300)), "library/small", "v1")
        outcome = await here.run(concurrency=1, retries=0)
        states = outcome.states()
        assert states.pop("library/small:v1") == "done"
        assert set(states.values()) == {"failed"}
        assert {task["error_class"] for task in outcome.tasks() if task["state"] == "failed"} == {"QUOTA"}
        large = [seen for seen in here.at_target.seen if seen.method in ("PUT", "PATCH") and seen.status == 403]
        assert len(large) == 1


class Resolver:
    """Stands in for the resolver of this machine: knows `source.test`, unless it is `away`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = 0
        self._real = socket.getaddrinfo
        monkeypatch.setattr("socket.getaddrinfo", self.answer)
        monkeypatch.setattr("tui.oci.transport._NAMES_KEPT", 0)

    def answer(self, host: Any, *more: Any, **others: Any) -> Any:
        if host == "source.test":
            if self.away:
                self.away -= 1
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return self._real(host, *more, **others)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    return Resolver(monkeypatch)


async def test_a_resolver_that_fails_in_the_middle_is_waited_for(
    tmp_path: Path, quick: None, resolver: Resolver
) -> None:
    at_source = Script()
    async with scene(tmp_path / "state", at_source=at_source) as here:
        fill(here)
        port = here.source.address.rpartition(":")[2]

        async def lose(turn: Turn) -> web.StreamResponse:
            if turn.seen.number == 30:
                resolver.away = 12
            return await reset()(turn)

        at_source.on(".*", "", lose, lambda number, _: number == 30 or resolver.away > 0)
        rule = Rule(f"source.test:{port}", "*", f"{here.target.address}/{{path}}")
        outcome = await here.work(make_run(here.state, Plan("test", (rule,), Options(retries=0)), {}))
        assert (outcome.code, set(outcome.states().values())) == (0, {"done"})
        assert "down" in host_states(outcome.folder)


async def test_a_name_that_never_had_an_address_is_final(tmp_path: Path, resolver: Resolver) -> None:
    resolver.away = 1 << 30
    async with scene(tmp_path / "state") as here:
        rule = Rule("source.test:5000", "library/app", f"{here.target.address}/{{path}}")
        outcome = await here.work(make_run(here.state, Plan("test", (rule,), Options(retries=2)), {}))
        assert outcome.code == 1
        with JournalReader(outcome.folder.journal) as reader:
            (failed,) = reader.attempts()
        assert "is not known" in failed["message"]
        assert "spelling" in failed["hint"]
