"""Verifying runs: what is compared, what is said about it, and what is kept beside the run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from typing import Any

from aiohttp import web

from tests.engine.faults import Hold, cut_after, refuse
from tests.engine.harness import QUICK, World, blob, picture, until
from tests.engine.test_referrers import multi, signed
from tui.demo.content import INDEX
from tui.demo.images import json_content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.journal.writer import JournalWriter
from tui.engine.runs import RunFolder
from tui.engine.verify.record import Manner, standing, verifications, write_live
from tui.engine.verify.work import Verification, verify_run

BASE = blob(1, 50_000)


async def verify(world: World, folder: RunFolder, **manner: bool) -> Verification:
    return await verify_run(folder, world.access, Manner(**manner), retry=QUICK)


def kinds(verification: Verification) -> dict[str, int]:
    return verification.findings.counts()


async def test_an_index_with_referrers_is_looked_at_to_the_last_blob(world: World) -> None:
    world.put(multi(), "library/multi", "v1")
    image_ = signed(world, "library/a", "a", signature=True)
    outcome = await world.run()
    world.at_target.seen.clear()
    found = await verify(world, outcome.folder)
    assert (kinds(found), found.exit, found.state) == ({}, 0, "done")
    assert found.tally.references == found.planned == 2
    assert (found.tally.manifests, found.tally.platforms, found.tally.referrers) == (1 + 3 + 1 + 1, 3, 1)
    assert found.tally.bytes == 0
    assert {request.method for request in world.at_target.seen} == {"HEAD", "GET"}  # GET asks for referrers only
    assert all("/referrers/" in r.path or r.path == "/v2/" for r in world.at_target.requests("GET"))

    deep = await verify(world, outcome.folder, deep=True)
    assert (kinds(deep), deep.exit) == ({}, 0)
    assert deep.tally.bytes > 50_000
    reads = [request.path for request in world.at_target.requests("GET .*/blobs/")]
    assert len(reads) == len({path.rpartition("/")[2] for path in reads})  # each digest once for the registry

    (referrer,) = world.target.storage.referrers("library/a", image_.digest)
    fields = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}

    async def lists_nothing(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=json_content(INDEX, fields).body, headers={"Content-Type": INDEX})

    world.at_target.on("GET .*/referrers/", lists_nothing, times=99)
    unlisted = await verify(world, outcome.folder)
    assert kinds(unlisted) == {"missing-referrer": 1}
    (finding,) = unlisted.findings.documents()
    assert finding["reference"] == referrer["digest"]
    assert finding["tags"] == [f"{world.target.address}/library/a:v1"]


async def test_no_answer_is_no_difference_and_a_difference_is_more(world: World) -> None:
    for name in ("a", "b", "c"):
        world.put(picture(name, BASE), f"library/{name}", "v1")
    outcome = await world.run()
    denied = "HEAD .*/library/a/", "GET .*/library/a/"
    for pattern in denied:
        world.at_target.on(pattern, refuse(403, "DENIED", "no pull for [you]\x1b[31m"), times=99)
    found = await verify(world, outcome.folder)
    assert (found.exit, kinds(found)) == (3, {"unknown": 1})
    assert sorted(found.verdicts.values()) == ["same", "same", "unknown"]
    (finding,) = found.findings.documents()
    assert "no pull for [you]" in finding["message"]
    assert "\x1b" not in finding["message"]
    other = picture("other", BASE).put(world.target.storage, "library/b", "v1")
    found = await verify(world, outcome.folder)
    assert (found.exit, kinds(found)) == (1, {"other-digest": 1, "unknown": 1})
    assert found.findings.documents()[0]["found"] == other


async def test_what_the_run_did_not_copy_is_said(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    world.at_target.on("POST .*/library/b/", refuse(403, "DENIED", "not here"), times=99)
    outcome = await world.run(world.rule("library/a"), world.rule("library/b"), world.rule("library/absent"))
    assert outcome.code == 1
    found = await verify(world, outcome.folder)
    assert (kinds(found), found.exit) == ({"not-copied": 2}, 1)
    places = [finding["place"] for finding in found.findings.documents()]
    assert places == [f"{world.target.address}/library/b:v1", f"{world.target.address}/{{path}}"]


async def test_a_run_that_was_only_planned_is_not_copied(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    folder = world.make()
    assert await world.work(folder, only_generate=True) == 0
    assert kinds(await verify(world, folder)) == {"not-copied": 1}


async def test_a_blob_that_never_comes_whole_is_damaged(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    outcome = await world.run()
    world.at_target.on(f"GET .*/blobs/{BASE.digest}", cut_after(100), times=3)
    assert kinds(await verify(world, outcome.folder, deep=True)) == {}  # broken links are gone on with
    world.at_target.on(f"GET .*/blobs/{BASE.digest}", cut_after(0), times=99)
    found = await verify(world, outcome.folder, deep=True)
    assert kinds(found) == {"damaged": 1}
    assert "cannot be read to its end" in found.findings.documents()[0]["message"]


async def test_lists_of_referrers_are_no_extra_tags(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=True)
    outcome = await world.run()
    picture("list").put(world.target.storage, "library/a", image_.digest.replace(":", "-"))
    assert kinds(await verify(world, outcome.folder, extra=True)) == {}
    picture("more").put(world.target.storage, "library/a", "more")
    found = await verify(world, outcome.folder, extra=True)
    assert (kinds(found), found.exit, found.tally.repositories) == ({"extra-tag": 1}, 1, 1)
    assert found.verdicts == {1: "same"}


async def test_backups_of_the_run_are_no_extra_tags(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    for tag in ("v1", "v1-before-20260101-2", "surplus"):
        picture("old", BASE).put(world.target.storage, "library/a", tag)
    outcome = await world.run(on_conflict="backup")
    assert len(world.target.storage.tags("library/a")) == 4
    found = await verify(world, outcome.folder, extra=True)
    assert [finding["reference"] for finding in found.findings.documents()] == ["surplus"]


async def test_referrers_in_a_circle_come_to_an_end(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=True)
    outcome = await world.run()
    (referrer,) = world.target.storage.referrers("library/a", image_.digest)
    writer = JournalWriter.open(outcome.folder.journal)
    writer.referrer(world.source.address, "library/a", referrer["digest"], image_.digest, {})
    writer.close()
    assert kinds(await verify(world, outcome.folder)) == {"missing-referrer": 1}


async def test_a_signal_stops_it_and_what_ended_before_stays(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    outcome = await world.run()
    folder = outcome.folder
    await verify(world, folder)
    hold = Hold()
    world.at_target.on("HEAD .*/manifests/", hold, times=99)
    under_way = asyncio.create_task(verify(world, folder))
    await until(lambda: hold.waiting)
    live = await _standing(folder)
    assert (live["state"], live["planned"]) == ("running", 1)
    os.kill(os.getpid(), signal.SIGTERM)
    stopped = await under_way
    hold.release()
    assert (stopped.state, stopped.exit) == ("stopped", 6)
    assert (await _standing(folder))["state"] == "stopped"
    assert [each["state"] for each in verifications(folder)] == ["done"]
    (kept,) = folder.path.glob("verification-*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["verdicts"] == {"1": "same"}


async def test_a_process_that_died_leaves_an_interrupted_verification(world: World) -> None:
    folder = world.make()
    assert standing(folder) is None
    write_live(folder, {"format": 1, "state": "running"})
    assert (await _standing(folder))["state"] == "interrupted"


async def _standing(folder: RunFolder) -> dict[str, Any]:
    found = await asyncio.to_thread(standing, folder)
    assert found is not None
    return found
