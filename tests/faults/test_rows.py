"""Rows of the fault catalogue that need a registry which misbehaves on purpose."""

from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.engine.harness import blob, picture
from tests.faults.scripted import Scene, scene
from tests.support.faults import Script, Turn, actions, always, chance, first
from tests.support.faults.throttle import throttled
from tests.support.faults.windows import Windows
from tui.demo.refusal import Refusal
from tui.engine.runner import make_run
from tui.plan.model import Options, Plan, Rule

LAYER = blob(1, 9_001)


pytestmark = pytest.mark.usefixtures("small_chunks")


def put_two(here: Scene) -> None:
    """Two images: one needs `LAYER`, the other does not."""
    here.put(picture("app", LAYER), "library/app", "v1")
    here.put(picture("other", blob(2, 3_000)), "library/other", "v1")


def failure(outcome: Any, repository: str) -> dict[str, Any]:
    (task,) = [task for task in outcome.tasks() if task["target_path"] == repository]
    assert task["state"] == "failed"
    return dict(task)


async def test_a_chunked_body_that_ends_early_is_not_the_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        put_two(here)
        here.at_source.on("GET", f"/blobs/{LAYER.digest}", actions.end_chunked(3_000), first(2))
        assert (await here.run()).code == 0
        assert here.whole("library/app", "v1")
        asked = here.at_source.requests("GET", f"/blobs/{LAYER.digest}")
        assert [seen.headers.get("range", "") for seen in asked] == ["", "bytes=3000-", "bytes=6000-"]


async def test_a_middlebox_that_compresses_is_noticed(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        put_two(here)
        squeezed = gzip.compress(LAYER.body)
        act = actions.replace(squeezed, Content_Encoding="gzip")
        here.at_source.on("GET", f"/blobs/{LAYER.digest}", act, always())
        outcome = await here.run()
        assert outcome.code == 1
        assert failure(outcome, "library/app")["error_class"] == "INTEGRITY"
        assert here.whole("library/other", "v1")
        assert here.target.storage.manifest("library/app", "v1") is None


async def test_a_portal_that_answers_in_place_of_a_blob(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        put_two(here)
        page = actions.replace(b"<html>please log in</html>", Content_Type="text/html")
        here.at_source.on("GET", f"/blobs/{LAYER.digest}", page, always())
        outcome = await here.run()
        assert failure(outcome, "library/app")["error_class"] == "INTEGRITY"
        assert here.target.storage.manifest("library/app", "v1") is None


@pytest.mark.parametrize("retry_after", ["0", "-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", ""])
async def test_a_retry_after_that_means_nothing(tmp_path: Path, retry_after: str) -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}
    async with scene(tmp_path) as here:
        put_two(here)
        fault = here.at_target.on(
            "POST", "/uploads/", actions.answer(429, "TOOMANYREQUESTS", headers=headers), first(3)
        )
        outcome = await here.run()
        assert outcome.code == 0
        assert fault.happened == 3


async def test_nobody_comes_while_the_registry_wants_to_be_left_alone(tmp_path: Path) -> None:
    windows = Windows(1.5, after=5, times=2)
    async with scene(tmp_path, at_target=Script(throttled(".*", "/v2/library", windows))) as here:
        for number in range(12):
            here.put(picture(f"app{number}", LAYER, blob(20 + number, 300)), f"library/app{number}", "v1")
        assert (await here.run()).code == 0
    assert (windows.opened, windows.early) == (2, 0)


async def test_a_blob_that_always_fails_fails_its_image_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        put_two(here)
        here.at_source.on("GET", f"/blobs/{LAYER.digest}", actions.answer(500, "UNKNOWN", "bad sector"), always())
        outcome = await here.run()
        assert outcome.code == 3
        assert failure(outcome, "library/app")["error_class"] == "SRV"
        assert "bad sector" in failure(outcome, "library/app")["message"]
        assert here.whole("library/other", "v1")


async def test_a_proxy_with_a_limit_on_bodies_is_named(tmp_path: Path) -> None:
    async def limited(turn: Turn) -> web.StreamResponse:
        if (turn.request.content_length or 0) > 1_000:
            return await actions.answer(413, body=b"<html>413 Request Entity Too Large</html>")(turn)
        return await turn.proceed()

    async with scene(tmp_path) as here:
        here.put(picture("app", LAYER), "library/app", "v1")
        here.at_target.on("PUT|PATCH", "/uploads/", limited, always())
        outcome = await here.run()
        assert outcome.code == 1
        task = failure(outcome, "library/app")
        assert (task["error_class"], task["error_status"]) == ("POLICY", 413)
        assert "client_max_body_size" in task["hint"]


async def test_an_answer_that_comes_before_the_body_was_read(tmp_path: Path) -> None:
    """413 and a closed connection while the client still sends: the reason must not be lost in the break."""

    async def early(turn: Turn) -> web.StreamResponse:
        response = Refusal(413, "SIZE_INVALID", "too large for this project").response()
        response.force_close()
        return response

    async with scene(tmp_path) as here:
        layer = blob(5, 6_000_000)
        here.put(picture("app", layer), "library/app", "v1")
        here.at_target.on("PUT|PATCH", "/uploads/", early, always())
        outcome = await here.run(retries=0)
        assert outcome.code in (1, 3)
        assert here.target.storage.manifest("library/app", "v1") is None
        assert failure(outcome, "library/app")["error_status"] == 413


async def test_a_link_to_a_store_that_expires_is_asked_for_anew(tmp_path: Path) -> None:
    """The registry sends readers to pre-signed links which are good for one request."""
    used: set[str] = set()

    async def store(turn: Turn) -> web.StreamResponse:
        signature = turn.request.query.get("signature", "")
        if not signature:
            return await turn.proceed()
        if signature in used:
            return web.Response(status=403, body=b"<Error><Code>AccessDenied</Code></Error>")
        used.add(signature)
        return await actions.truncate(2_500)(turn)

    async with scene(tmp_path) as here:
        put_two(here)

        async def redirect(turn: Turn) -> web.StreamResponse:
            if "signature" in turn.request.query:
                return await store(turn)
            location = f"{turn.request.path}?signature={turn.seen.number}"
            return web.Response(status=307, headers={"Location": location})

        here.at_source.on("GET", f"/blobs/{LAYER.digest}", redirect, always())
        assert (await here.run()).code == 0
        assert here.whole("library/app", "v1")
    assert len(used) == 4


async def test_the_next_address_is_tried_when_one_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = asyncio.BaseEventLoop.getaddrinfo

    async def two(loop: Any, host: Any, port: Any, **more: Any) -> Any:
        if host != "registry.test":
            return await real(loop, host, port, **more)
        dead, alive = "127.0.0.77", "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in (dead, alive)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", two)
    async with scene(tmp_path) as here:
        put_two(here)
        port = here.source.address.partition(":")[2]
        rule = Rule(f"registry.test:{port}", "library/*", f"{here.target.address}/{{path}}")
        outcome = await here.work(make_run(tmp_path, Plan("test", (rule,), Options(retries=0)), {}))
        assert outcome.code == 0
        assert here.whole("library/app", "v1")


async def test_a_blob_that_garbage_collection_took_is_pushed_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        put_two(here)
        here.at_target.on("PUT", "/library/app/manifests/", actions.lose_blob("library/app", LAYER.digest))
        assert (await here.run()).code == 0
        assert here.whole("library/app", "v1")


@pytest.mark.parametrize("seed", range(6))
async def test_faults_by_chance_on_both_sides(tmp_path: Path, seed: int) -> None:
    at_source, at_target = Script(seed=seed), Script(seed=seed + 100)
    rare, few = 0.12, 12
    at_source.on("GET", "/blobs/", actions.truncate(1_500), chance(rare, at_most=few))
    at_source.on("GET", "/blobs/", actions.reset(), chance(rare, at_most=few))
    at_source.on("GET|HEAD", "/manifests/", actions.answer(502), chance(rare, at_most=few))
    at_target.on("PATCH", "/uploads/", actions.lose_part(900), chance(rare, at_most=few))
    at_target.on("PATCH|PUT|POST", "/", actions.lose_answer(), chance(rare, at_most=few))
    at_target.on("PATCH|PUT", "/uploads/", actions.forget_session(), chance(rare / 2, at_most=few))
    at_target.on(".*", "/", actions.delay(0.01), chance(rare))
    async with scene(tmp_path, at_source, at_target) as here:
        for number in range(8):
            own = blob(30 + number, 1_000 * number + 1)
            here.put(picture(f"app{number}", LAYER, own), f"library/app{number % 3}", f"v{number}")
        outcome = await here.run(retries=6)
        assert outcome.code == 0
        assert all(here.whole(f"library/app{number % 3}", f"v{number}") for number in range(8))
    assert sum(fault.happened for fault in [*at_source.faults, *at_target.faults]) > 10
