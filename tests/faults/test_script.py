"""The scripted faults do what they say: without that, no test that uses them says anything."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.demo.conftest import Api, connect
from tests.support.faults import Fault, Script, actions, always, chance, every, first, nth, once
from tests.support.faults.personalities import (
    ArtifactRegistry,
    Distribution2,
    Distribution3,
    DockerHub,
    Ecr,
    Ghcr,
    Harbor,
    Quay,
    Tokens,
)
from tests.support.faults.personality import Personality
from tests.support.faults.throttle import throttled
from tests.support.faults.when import When
from tests.support.faults.windows import Windows
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage

BODY = random.Random(1).randbytes(300_000)
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
BLOB = f"/v2/library/app/blobs/{DIGEST}"


@pytest.fixture
def script() -> Script:
    return Script(seed=7)


@pytest.fixture
async def api(script: Script) -> AsyncIterator[Api]:
    """A client of a registry that has one blob, under the script."""
    storage = MemoryStorage()
    storage.put_blob("library/app", BODY)
    async with script.attach(EmbeddedRegistry(storage)) as registry, connect(registry) as api:
        yield api


@pytest.fixture(autouse=True)
def _no_accidents() -> None:
    """Connections break here on purpose."""


async def statuses(api: Api, count: int) -> list[int]:
    return [(await api("HEAD", BLOB)).status for _ in range(count)]


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        (once(), [1]),
        (once(after=2), [3]),
        (nth(2, 5), [2, 5]),
        (first(3), [1, 2, 3]),
        (every(2), [2, 4, 6]),
        (always(), [1, 2, 3, 4, 5, 6]),
    ],
    ids=["once", "once-after", "nth", "first", "every", "always"],
)
async def test_which_requests_are_struck(script: Script, api: Api, when: When, struck: list[int]) -> None:
    fault = script.on("HEAD", "/blobs/", actions.answer(503), when)
    assert [at + 1 for at, status in enumerate(await statuses(api, 6)) if status == 503] == struck
    assert (fault.matched, fault.happened) == (6, len(struck))
    assert (await api("GET", "/v2/")).status == 200


async def test_chance_comes_from_the_seed_and_has_an_end() -> None:
    def drawn(seed: int, when: When) -> list[bool]:
        dice = random.Random(seed)
        return [when(number, dice) for number in range(1, 200)]

    assert drawn(1, chance(0.3)) == drawn(1, chance(0.3)) != drawn(2, chance(0.3))
    assert 30 < sum(drawn(1, chance(0.3))) < 90
    assert sum(drawn(1, chance(0.9, at_most=4))) == 4


async def test_status_headers_and_body(script: Script, api: Api) -> None:
    script.on("GET", "/blobs/", actions.answer(429, "TOOMANYREQUESTS", "slow", headers={"Retry-After": "7"}))
    reply = await api("GET", BLOB)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert reply.json() == {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow"}]}
    (seen,) = script.seen
    assert (seen.method, seen.status, seen.fault) == ("GET", 429, "answer")


@pytest.mark.parametrize("act", [actions.reset(), actions.lose_answer()], ids=["reset", "lose-answer"])
async def test_a_broken_connection(script: Script, api: Api, act: object) -> None:
    location = await api.start_upload("library/app")
    fault = script.on("PATCH", "/uploads/", act)  # type: ignore[arg-type]
    with pytest.raises(aiohttp.ClientError):
        await api("PATCH", location, b"x" * 1000, Content_Range="0-999")
    status = await api("GET", location)
    assert status.headers["Range"] == ("0-999" if str(fault) == "lose_answer" else "0-0")
    assert script.seen[1].status == 0


@pytest.mark.parametrize("politely", [False, True], ids=["rst", "fin"])
async def test_a_body_that_ends_early(script: Script, api: Api, politely: bool) -> None:
    script.on("GET", "/blobs/", actions.truncate(1000, politely=politely))
    with pytest.raises(aiohttp.ClientError):
        await api("GET", BLOB)
    assert (await api("GET", BLOB)).body == BODY


async def test_a_chunked_body_that_ends_early_ends_properly(script: Script, api: Api) -> None:
    script.on("GET", "/blobs/", actions.end_chunked(1000))
    assert (await api("GET", BLOB)).body == BODY[:1000]


async def test_a_range_of_a_truncated_body_is_a_range(script: Script, api: Api) -> None:
    script.on("GET", "/blobs/", actions.corrupt(0))
    reply = await api("GET", BLOB, Range="bytes=299990-")
    assert reply.status == 206
    assert reply.headers["Content-Range"] == "bytes 299990-299999/300000"
    assert reply.body == bytes([BODY[299_990] ^ 0xFF]) + BODY[299_991:]


async def test_a_stall_lasts_until_the_client_leaves(script: Script, api: Api) -> None:
    script.on("GET", "/blobs/", actions.stall(after=500))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api("GET", BLOB), 0.3)
    assert (await api("HEAD", BLOB)).status == 200


async def test_a_part_of_a_chunk_is_kept(script: Script, api: Api) -> None:
    location = await api.start_upload("library/app")
    script.on("PATCH", "/uploads/", actions.lose_part(400))
    with pytest.raises(aiohttp.ClientError):
        await api("PATCH", location, b"x" * 1000, Content_Range="0-999")
    assert (await api("GET", location)).headers["Range"] == "0-399"


async def test_a_throttle_opens_a_window_and_counts_who_comes_early(script: Script, api: Api) -> None:
    windows = Windows(1.5, after=2)
    script.faults.append(throttled("HEAD", "/blobs/", windows))
    assert await statuses(api, 4) == [200, 200, 429, 429]
    assert windows.early == 0  # both came within the grace
    await asyncio.sleep(0.7)
    reply = await api("HEAD", BLOB)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert windows.early == 1
    await asyncio.sleep(1)
    assert await statuses(api, 1) == [200]


@pytest.mark.parametrize(
    ("method", "path", "headers", "words"),
    [
        ("GET", "/v2/library/app/nonsense", {}, "no such endpoint"),
        ("GET", BLOB, {"Accept-Encoding": "gzip"}, "coding"),
        ("GET", BLOB, {"Range": "bytes=-5"}, "range"),
        ("GET", "/v2/library/app/manifests/v1", {"Accept": "*/*"}, "accept"),
        ("PATCH", "/v2/library/app/blobs/uploads/abc", {}, "nobody was given"),
        ("PUT", "LOCATION", {}, "without a digest"),
        ("PATCH", "LOCATION", {}, "without a Content-Range"),
        ("PATCH", "LOCATION", {"Content-Range": "5-9"}, "sent twice or left out"),
        ("GET", "LOCATION?more=1", {}, "as it was given"),
    ],
)
async def test_what_no_client_should_send_is_complained_about(
    script: Script, api: Api, method: str, path: str, headers: dict[str, str], words: str
) -> None:
    location = await api.start_upload("library/app")
    script.complaints.clear()  # of this client's own habits
    body = b"12345" if method == "PATCH" else b""
    named = {name.replace("-", "_"): value for name, value in {"Accept-Encoding": "identity", **headers}.items()}
    await api(method, path.replace("LOCATION", location), body, **named)
    assert any(words in complaint for complaint in script.complaints), script.complaints


PERSONALITIES: list[tuple[str, Personality]] = [
    ("distribution-2.8", Distribution2()),
    ("distribution-3", Distribution3()),
    ("docker-hub", DockerHub(1000)),
    ("ecr", Ecr({"library/app"})),
    ("harbor", Harbor({"library"})),
    ("quay", Quay()),
]


@pytest.mark.parametrize("personality", [value for _, value in PERSONALITIES], ids=[name for name, _ in PERSONALITIES])
async def test_chunks_add_up_where_chunks_are_possible(personality: Personality) -> None:
    script = Script(personality=personality)
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        location = await api.start_upload("library/app")
        for start in (0, 100_000, 200_000):
            content_range = f"{start}-{start + 99_999}"
            reply = await api("PATCH", location, BODY[start : start + 100_000], Content_Range=content_range)
            assert reply.status in (201, 202)
            assert reply.headers["Range"] == f"0-{start + 99_999}"
            location = reply.headers["Location"]
        mark = "&" if "?" in location else "?"
        assert (await api("PUT", f"{location}{mark}digest={DIGEST}")).status == 201
        assert (await api("GET", BLOB)).body == BODY
    assert [complaint for complaint in script.complaints if "coding" not in complaint] == []


async def test_distribution_2_forgets_a_session_whose_chunk_broke_and_appends_what_is_sent_twice() -> None:
    script = Script(personality=Distribution2())
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        first_location = await api.start_upload("library/app")
        reply = await api("PATCH", first_location, BODY[:1000], Content_Range="0-999")
        assert (await api("GET", reply.headers["Location"])).headers["Range"] == "0-999"
        assert (await api("GET", first_location)).code == "BLOB_UPLOAD_INVALID"
        again = await api("PATCH", reply.headers["Location"], BODY[:1000], Content_Range="0-999")
        assert again.headers["Range"] == "0-1999"
        script.on("PATCH", "/uploads/", actions.lose_part(10))
        with pytest.raises(aiohttp.ClientError):
            await api("PATCH", again.headers["Location"], BODY[:1000], Content_Range="2000-2999")
        assert (await api("GET", again.headers["Location"])).status == 404


async def test_ghcr_keeps_the_last_chunk_only() -> None:
    script = Script(personality=Ghcr())
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        location = await api.start_upload("library/app")
        await api("PATCH", location, BODY[:100_000], Content_Range="0-99999")
        reply = await api("PATCH", location, BODY[100_000:], Content_Range="100000-299999")
        assert reply.headers["Range"] == "0-199999"
        assert (await api("PUT", f"{location}?digest={DIGEST}")).code == "DIGEST_INVALID"
        location = await api.start_upload("library/app")
        assert (await api("PUT", f"{location}?digest={DIGEST}", BODY)).status == 201


async def test_artifact_registry_takes_no_chunks() -> None:
    script = Script(personality=ArtifactRegistry())
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        location = await api.start_upload("library/app")
        assert (await api("PATCH", location, BODY, Content_Range="0-299999")).status == 405
        assert (await api("PUT", f"{location}?digest={DIGEST}", BODY)).status == 201


async def test_ecr_wants_large_parts_and_repositories_that_exist() -> None:
    script = Script(personality=Ecr({"library/app"}, minimum=1000, stuck=True))
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        assert (await api("POST", "/v2/library/other/blobs/uploads/")).code == "NAME_UNKNOWN"
        reply = await api("POST", "/v2/library/app/blobs/uploads/")
        assert reply.headers["OCI-Chunk-Min-Length"] == "1000"
        location = reply.headers["Location"]
        await api("PATCH", location, BODY[:2000], Content_Range="0-1999")
        stuck = await api("PATCH", location, BODY[2000:2010], Content_Range="2000-2009")
        assert (stuck.status, stuck.headers["Range"]) == (201, "0-1999")
        assert (await api("PATCH", location, BODY[2010:3000], Content_Range="2010-2999")).status == 400


async def test_docker_hub_counts_manifests_and_not_looks() -> None:
    script = Script(personality=DockerHub(1))
    storage = MemoryStorage()
    body = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
    storage.put_manifest("library/app", body, "application/vnd.oci.image.index.v1+json", tags=["v1"])
    async with script.attach(EmbeddedRegistry(storage)) as registry, connect(registry) as api:
        assert (await api("HEAD", "/v2/library/app/manifests/v1")).headers["ratelimit-remaining"] == "1;w=21600"
        assert (await api("GET", "/v2/library/app/manifests/v1")).headers["ratelimit-remaining"] == "0;w=21600"
        assert (await api("GET", "/v2/library/app/manifests/v1")).status == 429


async def test_tokens_are_asked_for_by_scope_and_can_be_revoked() -> None:
    tokens = Tokens(life=60)
    script = Script(Fault("HEAD", "/never", actions.reset()), personality=tokens)
    async with script.attach(EmbeddedRegistry(MemoryStorage())) as registry, connect(registry) as api:
        refused = await api("GET", "/v2/library/app/tags/list")
        assert refused.status == 401
        assert 'scope="repository:library/app:pull"' in refused.headers["WWW-Authenticate"]
        token = (await api("GET", "/token?scope=repository:library/app:pull,push")).json()["token"]
        assert (await api("GET", "/v2/library/app/tags/list", Authorization=f"Bearer {token}")).status == 404
        tokens.revoke()
        refused = await api("GET", "/v2/library/app/tags/list", Authorization=f"Bearer {token}")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
