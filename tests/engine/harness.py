"""Two embedded registries, a script of what goes wrong at each, and runs between them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tui.demo.images import Artifact, Content, content, image
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.engine.journal.reader import JournalReader
from tui.engine.manner import Manner
from tui.engine.runner import make_run, work_on
from tui.engine.runs import RunFolder
from tui.oci.access import Access, Connection
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.plan.model import Options, Plan, Rule

QUICK = RetryPolicy(tries=4, base=0.001, cap=0.002)
"""As many tries as usual, hardly a pause."""

Act = Callable[[EmbeddedRegistry, web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""What a registry does instead of answering; None lets it answer all the same. `tests.engine.faults` has some."""


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    range: str
    content_range: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fault:
    """What happens to the next `times` requests that `pattern` (of `METHOD path?query`) finds, after `skip` others."""

    pattern: re.Pattern[str]
    act: Act
    times: int
    skip: int
    happened: int = 0


@dataclass
class Session:
    """An upload session from its beginning to its end, in numbers of the requests; `digest` once it is a blob."""

    begin: int
    end: int = 0
    digest: str = ""


class Script:
    """The `intercept` of a registry: acts on what it was told to, and keeps account of everything.

    `violations` are manifests that came before what they refer to, which the registry refused.
    """

    def __init__(self) -> None:
        self.registry: EmbeddedRegistry
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.violations: list[str] = []
        self.sessions: dict[str, Session] = {}
        self.mounts: list[tuple[str, int]] = []

    def on(self, pattern: str, act: Act, *, times: int = 1, skip: int = 0) -> Fault:
        """Let `act` answer; the fault that was added first goes first."""
        fault = Fault(re.compile(pattern), act, times, skip)
        self.faults.append(fault)
        return fault

    def requests(self, pattern: str) -> list[Seen]:
        """Return the requests `pattern` (of `METHOD path?query`) finds."""
        return [request for request in self.seen if re.search(pattern, str(request))]

    def uploads(self) -> dict[str, int]:
        """Return how often each blob was uploaded."""
        digests = [session.digest for session in self.sessions.values() if session.digest]
        return {digest: digests.count(digest) for digest in digests}

    def at_the_same_time(self) -> list[str]:
        """Return the blobs of which two uploads overlapped."""
        done = [session for session in self.sessions.values() if session.digest]
        return [
            one.digest
            for one in done
            for other in done
            if one is not other and one.digest == other.digest and one.begin <= other.begin < one.end
        ]

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse | None:
        headers = request.headers
        line = Seen(request.method, request.path_qs, headers.get("Range", ""), headers.get("Content-Range", ""))
        self.seen.append(line)
        response = await self._answer(line, request)
        self._account(line, response)
        return response

    async def _answer(self, line: Seen, request: web.BaseRequest) -> web.StreamResponse:
        for fault in self.faults:
            if not fault.pattern.search(str(line)):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.happened < fault.times:
                fault.happened += 1
                response = await fault.act(self.registry, request)
                if response is not None:
                    return response
        return await self.registry.answer(request)

    def _account(self, line: Seen, response: web.StreamResponse) -> None:
        number = len(self.seen)
        if line.method == "PUT" and "/manifests/" in line.path and response.status == 400:
            self.violations.append(str(line))
        if line.method == "POST" and "mount=" in line.path:
            self.mounts.append((line.path, response.status))
        if line.method == "POST" and response.status == 202:
            self.sessions[response.headers["Docker-Upload-UUID"]] = Session(number)
        if line.method == "PUT" and response.status == 201 and "/uploads/" in line.path:
            session = self.sessions.setdefault(line.path.rpartition("/")[2].partition("?")[0], Session(number))
            session.end, session.digest = number, response.headers["Docker-Content-Digest"]


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition()` holds; the test's own time limit ends a wait for nothing."""
    while not condition():
        await asyncio.sleep(0.005)


# Registries and runs


class PlainAccess:
    """Every registry speaks plain http and wants no login; resolving takes a turn of the event loop."""

    async def access(self, repository: Repository) -> Access:
        await asyncio.sleep(0)
        return Access(Connection(repository.registry, scheme="http"))


@dataclass
class World:
    """A source, a target, and the runs between them."""

    state: Path
    source: EmbeddedRegistry
    target: EmbeddedRegistry
    at_source: Script
    at_target: Script
    access: PlainAccess = field(default_factory=PlainAccess)

    def put(self, artifact: Artifact, repository: str, *tags: str) -> str:
        """Put an image into the source and return its digest."""
        return artifact.put(self.source.storage, repository, *tags)

    def rule(self, path: str = "*", target: str = "", **more: Any) -> Rule:
        """Return a rule from the source to the target, by default under the same name."""
        return Rule(self.source.address, path, f"{self.target.address}/{target or '{path}'}", **more)

    def make(self, *rules: Rule, **options: Any) -> RunFolder:
        """Make a run."""
        return make_run(self.state, Plan("test", rules or (self.rule(),), Options(**{"retries": 3, **options})), {})

    async def work(self, folder: RunFolder, **manner: Any) -> int:
        """Work on a run in this process and return its exit code."""
        how = Manner(**{"requests": QUICK, "pause": lambda _: 0.001, **manner})
        return await work_on(folder, self.access, self.access, how)

    async def run(self, *rules: Rule, **options: Any) -> Outcome:
        """Make a run and work on it."""
        folder = self.make(*rules, **options)
        return Outcome(folder, await self.work(folder))

    def same(self, repository: str, tag: str, target: str = "", target_tag: str = "") -> bool:
        """Whether the target has the source's image, whole and byte for byte."""
        stored = self.source.storage.manifest(repository, tag)
        assert stored is not None
        found = self.target.storage.manifest(target or repository, target_tag or tag)
        return found is not None and found.digest == stored.digest and is_whole(self.target, target or repository, tag)


@dataclass(frozen=True)
class Outcome:
    """A run that came to its end in this process."""

    folder: RunFolder
    code: int

    def tasks(self) -> list[dict[str, Any]]:
        """Return the journal's tasks."""
        return tasks(self.folder)

    def states(self) -> dict[str, str]:
        """Return the state of every task, by target repository and reference."""
        return {f"{task['target_path']}:{task['target_reference']}": task["state"] for task in self.tasks()}


def tasks(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the tasks of a run's journal."""
    with JournalReader(folder.journal) as reader:
        return [dict(row) for row in reader.tasks()]


def progress(folder: RunFolder) -> dict[str, Any]:
    """Return the `progress` row of a run's journal."""
    with JournalReader(folder.journal) as reader:
        return dict(reader.progress())


def is_whole(registry: EmbeddedRegistry, repository: str, reference: str) -> bool:
    """Whether an image and everything below it is in a repository, each content with its digest."""
    storage = registry.storage
    stored = storage.manifest(repository, reference)
    if stored is None:
        return False
    body = storage.read(stored.digest)
    document = json.loads(body)
    blobs = [part["digest"] for part in [document.get("config"), *document.get("layers", [])] if part]
    return (
        content("", body).digest == stored.digest
        and all(storage.has_blob(repository, blob) for blob in blobs)
        and all(content("", storage.read(blob)).digest == blob for blob in blobs)
        and all(is_whole(registry, repository, child["digest"]) for child in document.get("manifests", []))
    )


def blob(seed: int, size: int) -> Content:
    """Return a layer of `size` random bytes; nobody here looks whether it is a tar."""
    import random

    return content("application/vnd.oci.image.layer.v1.tar+gzip", random.Random(seed).randbytes(size))


def picture(name: str, *layers: Content, platform: str = "linux/amd64") -> Artifact:
    """Return an image; `name` makes its config and so its digest its own."""
    return image(layers, platform, labels={"name": name})


def digests(parts: Iterable[Content]) -> set[str]:
    """Return the digests of some content."""
    return {part.digest for part in parts}


@asynccontextmanager
async def new_world(state: Path) -> AsyncIterator[World]:
    """Start two empty registries."""
    scripts = Script(), Script()
    registries = [EmbeddedRegistry(MemoryStorage(), intercept=script) for script in scripts]
    for script, registry in zip(scripts, registries, strict=True):
        script.registry = registry
    async with registries[0] as source, registries[1] as target:
        yield World(state, source, target, *scripts)
