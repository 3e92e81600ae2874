"""What happens to the tools, each case in front of two real registries that are new."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.faults.tools import Job, Tool, end, end_all, wait
from tests.faults.large import layer_bytes, plant_image
from tests.faults.watcher import Watcher
from tests.support import corpus
from tests.support.cli import Cli
from tests.support.faults.throttle import storm
from tests.support.faults.windows import Windows
from tests.support.flaky import FlakyProxy
from tests.support.reader import assert_same
from tests.support.registry import Login, RealRegistry
from tests.support.tcp_proxy import Action, Direction, LinkFault, TcpProxy
from tests.support.token_server import Account, TokenServer

LIMIT = 600.0
"""Seconds after which a tool that came to no end is ended."""
LARGE = "library/large:v1"
TOKEN_LIFE = 3.0
"""Seconds."""
LOGIN = Login("robot", "secret")


@dataclass(frozen=True)
class Size:
    """How large it all is: bytes of the large layer and between breaks, kills, tags, seconds of outage and throttle."""

    large: int = 512 << 20
    every: int = 100_000_000
    kills: int = 100
    tags: int = 2000
    outage: float = 60.0
    retry_after: float = 20.0
    token_copy: float = 120.0
    hang: float = 90.0


QUICK = Size(64 << 20, 12_000_000, 8, 120, 8.0, 4.0, 15.0, 25.0)


@dataclass
class Row:
    """What came of one case for one tool. `read` and `written` are multiples of the bytes there were to move."""

    came_through: str
    seconds: float
    read: float | None = None
    written: float | None = None
    left_over: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """A case by name, and what does it."""

    name: str
    play: Callable[[Tool, Size], Row]


@dataclass
class Stage:
    """Two registries, each behind a link that can break."""

    folder: Path
    source: RealRegistry
    target: RealRegistry
    down: TcpProxy
    up: TcpProxy


@contextmanager
def stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        source, target = stack.enter_context(RealRegistry()), stack.enter_context(RealRegistry())
        down, up = (stack.enter_context(TcpProxy(registry.address)) for registry in (source, target))
        stack.callback(end_all)
        yield Stage(folder, source, target, down, up)


def breaking(action: Action, direction: Direction) -> Callable[[Tool, Size], Row]:
    """One large blob over a link that breaks: the source's every so many bytes, the target's on each connection."""

    def play(tool: Tool, size: Size) -> Row:
        with stage() as here:
            total = layer_bytes(plant_image(here.source, "library/large", "v1", size.large))
            at_source = direction == "down"
            fault = LinkFault(action, size.every, direction, "link" if at_source else "connection")
            (here.down if at_source else here.up).faults(fault)
            job = Job(here.folder, here.down.address, here.up.address, [LARGE])
            limit = size.hang if tool.name == "skopeo" else LIMIT
            began = time.monotonic()
            status = wait(job.start(tool.command(job)), limit)
            row = Row(_through(status, here, job, limit), time.monotonic() - began)
            row.read, row.written = here.down.stats().down / total, here.up.stats().up / total
            row.left_over = here.target.uploads_bytes()
            return row

    return play


def _through(status: int | None, here: Stage, job: Job, limit: float) -> str:
    """Say how it ended, after a look at what is there: exit 0 alone is no proof."""
    if status is None:
        return f"**hung**, ended after {limit:.0f} s"
    if status != 0:
        return "**failed**"
    repositories = sorted({name.partition(":")[0] for name in job.names})
    assert_same(here.source, here.target, repositories, skopeo_up_to=1)
    return "yes"


def killed(tool: Tool, size: Size) -> Row:
    """kill -9 at random moments, and go on; somebody looks at the target all the time."""
    with stage() as here:
        names, unique = _many(here, 60)
        unique += layer_bytes(plant_image(here.source, "library/large", "v1", size.large // 4))
        here.down.shape(latency=0.002, bandwidth=unique / (0.5 * size.kills))
        job = Job(here.folder, here.down.address, here.up.address, [*names, LARGE])
        repositories = sorted({name.partition(":")[0] for name in job.names})
        dice = random.Random(1)
        began, kills = time.monotonic(), 0
        with Watcher(here.target, repositories) as watcher:
            for _ in range(size.kills):
                process = job.start(tool.command(job))
                try:
                    process.wait(0.4 + dice.uniform(0.05, 1.0))
                except subprocess.TimeoutExpired:
                    kills += 1
                end(process)
            here.down.shape()
            status = wait(job.start(tool.command(job)), LIMIT)
        row = Row(_through(status, here, job, LIMIT), time.monotonic() - began)
        row.read, row.written = here.down.stats().down / unique, here.up.stats().up / unique
        row.left_over = here.target.uploads_bytes()
        row.notes = [f"{kills} kills", f"{len(watcher.violations)} tags seen that were not whole"]
        return row


def outage(tool: Tool, size: Size) -> Row:
    """Both links are down for a while in the middle of many tasks."""
    with stage() as here:
        names, _ = _many(here, size.tags)
        job = Job(here.folder, here.down.address, here.up.address, names)
        began = time.monotonic()
        process = job.start(tool.command(job))
        here.target.wait_for_tags(len(names) // 4, LIMIT)
        for link in (here.down, here.up):
            link.cut(size.outage)
        time.sleep(size.outage)
        ended = time.monotonic()
        at_end = _tags(here.target)
        while process.poll() is None and _tags(here.target) == at_end:
            time.sleep(0.05)
        again = time.monotonic() - ended
        status = wait(process, LIMIT)
        row = Row(_through(status, here, job, LIMIT), time.monotonic() - began)
        row.left_over = here.target.uploads_bytes()
        row.notes = [f"{len(names) - _tags(here.target)} of {len(names)} tags missing"]
        if status == 0:
            row.notes.append(f"moving again {again:.1f} s after its end")
        return row


def throttled(tool: Tool, size: Size) -> Row:
    """Twice 429 with Retry-After for everything."""
    windows = Windows(size.retry_after, after=60, times=2)
    with stage() as here, FlakyProxy(here.target.address, storm(windows)) as flaky:
        names, _ = _many(here, 80)
        job = Job(here.folder, here.source.address, flaky.address, names)
        began = time.monotonic()
        status = wait(job.start(tool.command(job)), LIMIT)
        row = Row(_through(status, here, job, LIMIT), time.monotonic() - began)
        row.left_over = here.target.uploads_bytes()
        missing = len(names) - _tags(here.target)
        row.notes = [f"{windows.early} requests before it was time", f"{missing} of {len(names)} tags missing"]
        return row


def short_tokens(tool: Tool, size: Size) -> Row:
    """Tokens that live three seconds, through a long copy."""
    server = TokenServer({LOGIN.username: Account(LOGIN.password)}, lifetime=TOKEN_LIFE)
    try:
        with stage() as here, RealRegistry(token_server=server, login=LOGIN) as target:
            names, unique = _many(here, 40)
            unique += layer_bytes(plant_image(here.source, "library/large", "v1", size.large // 8))
            here.down.shape(bandwidth=unique / size.token_copy)
            Cli(here.folder).docker_login((target.address, LOGIN))
            job = Job(here.folder, here.down.address, target.address, [*names, LARGE], LOGIN)
            began = time.monotonic()
            status = wait(job.start(tool.command(job)), LIMIT)
            guarded = Stage(here.folder, here.source, target, here.down, here.up)
            row = Row(_through(status, guarded, job, LIMIT), time.monotonic() - began)
            row.read = here.down.stats().down / unique
            row.left_over = target.uploads_bytes()
            by_scope = Counter(asked.scopes for asked in server.requests if asked.status == 200)
            lives = row.seconds / TOKEN_LIFE
            row.notes = [f"at most {max(by_scope.values(), default=0)} tokens of one scope in {lives:.0f} lives"]
            return row
    finally:
        server.close()


def _many(here: Stage, tags: int) -> tuple[list[str], int]:
    """Put `tags` images into twenty repositories: their names, and the bytes of their blobs."""
    entries = corpus.push_all(here.source, corpus.shared_layers(20, tags // 20, base_size=200_000, own_size=20_000))
    blobs = {digest: blob.size for entry in entries for digest, blob in entry.manifest.all_blobs().items()}
    return [f"{entry.repository}:{tag}" for entry in entries for tag in entry.tags], sum(blobs.values())


def _tags(registry: RealRegistry) -> int:
    root = registry.root / "docker" / "registry" / "v2" / "repositories"
    return sum(1 for _ in root.glob("*/*/_manifests/tags/*/current/link"))


CASES = {
    "source-rst": Case("source: RST every {every}", breaking("rst", "down")),
    "source-fin": Case("source: connection closed every {every}", breaking("fin", "down")),
    "source-stall": Case("source: silence after every {every}", breaking("stall", "down")),
    "target-rst": Case("target: RST after {every} of each connection", breaking("rst", "up")),
    "target-stall": Case("target: silence after {every} of each connection", breaking("stall", "up")),
    "kill": Case("kill -9, {kills} times", killed),
    "outage": Case("both links down for {outage:.0f} s in the middle of {tags} tags", outage),
    "throttle": Case("twice 429 with Retry-After {retry_after:.0f}", throttled),
    "tokens": Case("tokens that live 3 s, a copy of {token_copy:.0f} s", short_tokens),
}


def title(case: Case, size: Size) -> str:
    """Return the name of a case with its figures."""
    values = {**vars(size), "every": f"{size.every / 1e6:.0f} MB"}
    return case.name.format(**values)
