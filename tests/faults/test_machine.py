"""Anything in any order: images pushed and moved, content lost, tokens revoked, faults on both sides, runs planned,
worked on, paused, stopped and killed. The journal never claims what is not so, no half image is ever visible, no token
goes astray; and when the faults stop, everything converges to what the source has, with a bounded number of requests.

The suite plays 35 short stories, always the same ones. A soak run plays 600 long ones, half of a CPU-second each:

    pytest -m soak tests/faults/test_machine.py

Each of its seeds is a test of its own and plays the same stories every time, so that one that failed can be played
again alone (`-k "long_time and 2"`), and what is found is made shorter before it is shown, for five minutes at most.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.engine.harness import blob as layer
from tests.engine.harness import is_whole, picture
from tests.faults.scripted import Scene, scene
from tests.support.faults import Script
from tests.support.faults.actions import answer, forget_session, lose_answer, lose_part, reset, truncate
from tests.support.faults.personalities import Tokens
from tui.demo.images import index
from tui.demo.registry import EmbeddedRegistry
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.outcome import STOPPED
from tui.engine.placements import THERE
from tui.engine.runner import make_run
from tui.engine.runs import RunBusy, RunFolder
from tui.plan.model import OnDrift, Options, Plan, Rule

CHUNK = 2000
REPOSITORIES = ("a/app", "a/web", "b/app")
TAGS = ("v1", "v2")
SOAK_SEEDS = 4
MOST_REQUESTS = 60
"""For one tag, with everything of it still to be copied and a registry to be asked about it."""

FAULTS: list[tuple[str, str, str, Any]] = [
    ("source", "GET", "_catalog|/tags/", answer(500, "UNKNOWN")),
    ("source", "GET", "/manifests/", answer(502)),
    ("source", "GET|HEAD", "/manifests/", reset()),
    ("source", "GET", "/blobs/", answer(503)),
    ("source", "GET", "/blobs/", reset()),
    ("source", "GET", "/blobs/", truncate(1500)),
    ("source", "GET", "/blobs/", truncate(700, politely=True)),
    ("target", "HEAD", "/blobs/|/manifests/", answer(500)),
    ("target", "POST", "/uploads/", answer(500, "UNKNOWN")),
    ("target", "POST", "/uploads/", lose_answer()),
    ("target", "POST", "mount=", answer(405, "UNSUPPORTED")),
    ("target", "PATCH", "/uploads/", reset()),
    ("target", "PATCH", "/uploads/", lose_answer()),
    ("target", "PATCH", "/uploads/", lose_part(700)),
    ("target", "PATCH|PUT", "/uploads/", forget_session()),
    ("target", "PUT", "/uploads/", answer(502)),
    ("target", "PUT", "/uploads/", lose_answer()),
    ("target", "PUT", "/manifests/", answer(500, "UNKNOWN")),
    ("target", "PUT", "/manifests/", lose_answer()),
    ("target", ".*", "", answer(429, "TOOMANYREQUESTS", headers={"Retry-After": "1"})),
]

Image = tuple[str, str, list[int], bool]
"""Repository, tag, layers, and whether it is an index of two."""
IMAGE = st.tuples(
    st.sampled_from(REPOSITORIES),
    st.sampled_from(TAGS),
    st.lists(st.integers(0, 4), max_size=3, unique=True),
    st.booleans(),
)

_connected: set[Any] = set()
"""The addresses this process connected to since the set was emptied."""


def _note_connection(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _connected.add(arguments[1][:2])


sys.addaudithook(_note_connection)


@dataclass
class Claims:
    """What the journal of the run under way may claim although it is not so any more: the model took it away."""

    blobs: set[tuple[str, str]] = field(default_factory=set)
    tags: set[tuple[str, str]] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """Two registries in a loop of their own, and one run at a time between them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp())
        self.tokens = {side: Tokens(name=side) for side in ("source", "target")}
        scripts = {side: Script(personality=tokens) for side, tokens in self.tokens.items()}
        entered = self.stack.enter_async_context(scene(self.folder, scripts["source"], scripts["target"]))
        self.here: Scene = self.runner.run(entered)
        self.scripts = scripts
        self.run: RunFolder | None = None
        self.taken = Claims()
        self.attempts: dict[int, int] = {}
        self.pushed: dict[tuple[str, str], str] = {}
        _connected.clear()

    def teardown(self) -> None:
        """Let the faults stop, look whether everything converges, and end what was started."""
        try:
            self.converge()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    # What happens to the registries

    @initialize(images=st.lists(IMAGE, min_size=1, max_size=6))
    def fill(self, images: list[Image]) -> None:
        """There is something to copy from the beginning."""
        for image in images:
            self.push(image)

    @rule(image=IMAGE)
    def push(self, image: Image) -> None:
        """Push an image to the source, under a new tag or one that moves."""
        path, tag, layers, several = image
        name = f"{path}{layers}"
        made = picture(name, *(layer(number, 800 + 1200 * number) for number in layers))
        artifact = index([made, picture(f"{name} too", layer(9, 500))]) if several else made
        self.pushed[path, tag] = self.here.put(artifact, path, tag)

    @rule(path=st.sampled_from(REPOSITORIES), tag=st.sampled_from(TAGS))
    def lose_tag(self, path: str, tag: str) -> None:
        """Somebody deletes an image at the target, and garbage collection takes what nothing refers to any more."""
        storage = self.here.target.storage
        stored = storage.manifest(path, tag)
        if stored is not None:
            self.taken.tags |= {(path, other) for other in TAGS}
            storage.untag(path, tag)
            # Garbage collection leaves what an index that has a tag still lists.
            if not any(stored.digest in self.text(path, other) for other in TAGS):
                storage.delete_manifest(path, stored.digest)
        for repository in REPOSITORIES:
            kept = {digest for other in TAGS for digest in self.parts(repository, other)}
            for number in range(10):
                digest = layer(number, 800 + 1200 * number).digest
                if digest not in kept and storage.delete_blob(repository, digest):
                    self.taken.blobs.add((repository, digest))

    def text(self, repository: str, tag: str) -> str:
        """Return the manifest under a tag at the target, '' when there is none, with its own digest before it."""
        stored = self.here.target.storage.manifest(repository, tag)
        return f"{stored.digest} {self.here.target.storage.read(stored.digest).decode()}" if stored is not None else ""

    def parts(self, repository: str, tag: str) -> set[str]:
        """Return the layers a tag at the target refers to, roughly: all that stand in any manifest below it."""
        storage = self.here.target.storage
        stored = storage.manifest(repository, tag)
        if stored is None:
            return set()
        text, found = storage.read(stored.digest).decode(), set()
        for number in range(10):
            digest = layer(number, 800 + 1200 * number).digest
            children = [
                storage.read(child).decode()
                for child in text.split('"')
                if child.startswith("sha256:") and storage.manifest(repository, child) is not None
            ]
            if any(digest in body for body in (text, *children)):
                found.add(digest)
        return found

    @rule(side=st.sampled_from(["source", "target"]))
    def revoke(self, side: str) -> None:
        """Every token that was issued is refused from now on."""
        self.tokens[side].revoke()

    @rule(which=st.integers(0, len(FAULTS) - 1), skip=st.integers(0, 6), times=st.integers(1, 3))
    def fault(self, which: int, skip: int, times: int) -> None:
        """Something goes wrong a few times, from the next request of its kind on or a little later."""
        side, method, path, act = FAULTS[which]
        self.scripts[side].on(method, path, act, lambda number, _: skip < number <= skip + times)

    # Runs

    @precondition(lambda self: self.run is None)
    @rule(
        generate=st.booleans(),
        concurrency=st.sampled_from([1, 4]),
        on_drift=st.sampled_from(["keep", "latest", "fail"]),
    )
    def plan(self, generate: bool, concurrency: int, on_drift: OnDrift = "keep") -> None:
        """Make a run of everything the source has, and find its tasks if wanted."""
        here = self.here
        options = Options(retries=3, concurrency=concurrency, on_drift=on_drift)
        every = Plan("machine", (Rule(here.source.address, "*", f"{here.target.address}/{{path}}"),), options)
        self.run, self.taken, self.attempts = make_run(self.folder, every, {}), Claims(), {}
        if generate:
            self.work(only_generate=True)

    @precondition(lambda self: self.run is not None)
    @rule()
    def finish(self) -> None:
        """Work on the run until there is nothing left to do but what failed, and be done with it."""
        self.work()
        self.run = None

    @rule(after=st.integers(0, 60), how=st.sampled_from(["kill", "stop", "pause", "second"]))
    def work_disturbed(self, after: int, how: str) -> None:
        """Work on the run, or on a new one, and do something to it after so many requests."""
        if self.run is None:
            self.plan(generate=False, concurrency=4)
        self.work(after=after, how=how)

    def work(self, *, after: int | None = None, how: str = "", **manner: Any) -> int:
        """Work on the run, then hold what it claims against the registries. Returns the exit code, -1 when killed."""
        code: int = self.runner.run(self._work(after, how, manner))
        self.check()
        return code

    async def _work(self, after: int | None, how: str, manner: dict[str, Any]) -> int:
        assert self.run is not None
        working = asyncio.create_task(self.here.work(self.run, **manner))
        if after is not None:
            until = self.requests() + after
            while not working.done() and self.requests() < until:
                await asyncio.sleep(0)
            if not working.done():
                await self._disturb(working, how)
        (result,) = await asyncio.gather(working, return_exceptions=True)
        if isinstance(result, asyncio.CancelledError):
            return -1
        if isinstance(result, BaseException):
            raise result
        assert how == "stop" or result.code != STOPPED
        return result.code

    async def _disturb(self, working: asyncio.Task[Any], how: str) -> None:
        assert self.run is not None
        match how:
            case "kill":
                working.cancel()
            case "stop":
                give_order(self.run.journal, "stop")
            case "pause":
                give_order(self.run.journal, "pause")
                await asyncio.sleep(0.03)
                give_order(self.run.journal, "resume")
            case "second" if self.run.working() is not None:
                with pytest.raises(RunBusy):
                    await self.here.work(self.run)

    def requests(self) -> int:
        """Return how many requests both registries have seen."""
        return sum(len(script.seen) for script in self.scripts.values())

    # What must hold

    def check(self) -> None:
        """Hold the journal against the target, and look at where requests and tokens went."""
        assert self.run is not None
        target = self.here.target
        with JournalReader(self.run.journal) as reader:
            placements, tasks = list(reader.placements()), list(reader.tasks())
        for row in placements:
            place = row["path"], row["digest"]
            claimed = row["state"] in THERE and place not in self.taken.blobs
            assert not claimed or target.storage.has_blob(*place), f"the journal claims {place}"
        for row in tasks:
            where = row["target_path"], row["target_reference"]
            assert row["attempts"] >= self.attempts.get(row["id"], 0)
            self.attempts[row["id"]] = row["attempts"]
            if row["state"] in ("done", "unchanged") and where not in self.taken.tags:
                stored = target.storage.manifest(*where)
                assert stored is not None, f"the journal claims {where}"
                assert stored.digest == row["root"]
        self.no_half_image()
        for side, script in self.scripts.items():
            assert script.complaints == []
            sent = {seen.headers.get("authorization", f"Bearer {side}-") for seen in script.seen}
            assert all(token.startswith(f"Bearer {side}-") for token in sent), "a token went to the other registry"
        ours = {("127.0.0.1", int(one.address.rpartition(":")[2])) for one in (self.here.source, target)}
        assert _connected <= ours, "a connection to somebody else"

    def no_half_image(self) -> None:
        """Every tag at the target is there with all its content."""
        target: EmbeddedRegistry = self.here.target
        for path in REPOSITORIES:
            for tag in TAGS:
                if target.storage.manifest(path, tag) is not None:
                    assert is_whole(target, path, tag), f"half of {path}:{tag}"

    def converge(self) -> None:
        """Without faults, what is under way ends well, and one more run brings all there is."""
        for script in self.scripts.values():
            script.faults.clear()
        if self.run is not None:
            self.work(failed_too=True)
            self.run = None
        if not self.pushed:
            return
        before = self.requests()
        self.plan(generate=False, concurrency=4)
        assert self.work() == 0
        assert self.requests() - before <= MOST_REQUESTS * len(self.pushed)
        for (path, tag), digest in self.pushed.items():
            stored = self.here.target.storage.manifest(path, tag)
            assert stored is not None
            assert stored.digest == digest


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.engine.blob_work.CHUNK", CHUNK)
    monkeypatch.setattr("tui.engine.blob_source._PROGRESS_THAT_COUNTS", 500)
    monkeypatch.setattr("tui.engine.runner._TICK", 0.01)
    monkeypatch.setattr("tui.engine.drift.LOOK_AFTER", 0.0)
    monkeypatch.setattr("tui.oci.answers.retry_after", lambda headers: 0.02 if "retry-after" in headers else None)


def _often(examples: int, steps: int, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def test_whatever_happens_in_whatever_order() -> None:
    # Shrinking a run of hundreds of requests takes longer than a suite has time for; the long form does it.
    run_state_machine_as_test(Machine, settings=_often(35, 20, derandomize=True, phases=[Phase.generate]))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(SOAK_SEEDS))
def test_whatever_happens_for_a_long_time(number: int) -> None:
    machine = seed(number)(type(f"Machine{number}", (Machine,), {}))
    run_state_machine_as_test(machine, settings=_often(150, 50, phases=[Phase.generate, Phase.shrink]))
