"""Uploads: monolithic, chunked, status, cancel, mount (end-4 to end-6, end-11, end-13, end-14)."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.demo.conftest import Api
from tui.demo.index import Storage
from tui.oci.reference import digest_of

UPLOADS = "/v2/team/app/blobs/uploads/"
ONE_BODY = os.urandom(400_000)


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def content_range(start: int, chunk: bytes) -> str:
    return f"{start}-{start + len(chunk) - 1}"


async def test_a_session_opens_empty(storage: Storage, api: Api) -> None:
    reply = await api("POST", UPLOADS)
    assert reply.status == 202
    assert reply.headers["Range"] == "0-0"
    assert reply.headers["Location"] == UPLOADS + reply.headers["Docker-Upload-UUID"]
    assert storage.uploads() == 1


async def test_post_then_put(storage: Storage, api: Api) -> None:
    digest = digest_of(ONE_BODY)
    location = await api.start_upload("team/app")
    reply = await api("PUT", f"{location}?digest={digest}", ONE_BODY, Content_Type="application/octet-stream")
    assert reply.status == 201
    assert reply.headers["Location"] == f"/v2/team/app/blobs/{digest}"
    assert (await api("GET", reply.headers["Location"])).body == ONE_BODY
    assert storage.uploads() == 0


async def test_a_digest_may_be_percent_encoded(api: Api) -> None:
    location = await api.start_upload("team/app")
    encoded = digest_of(b"content").replace(":", "%3A")
    assert (await api("PUT", f"{location}?digest={encoded}", b"content")).status == 201


async def test_one_post_with_the_whole_blob(storage: Storage, api: Api) -> None:
    digest = digest_of(ONE_BODY)
    reply = await api("POST", f"{UPLOADS}?digest={digest}", ONE_BODY)
    assert (reply.status, reply.headers["Location"]) == (201, f"/v2/team/app/blobs/{digest}")
    assert (await api("GET", reply.headers["Location"])).body == ONE_BODY
    assert storage.uploads() == 0


@pytest.mark.parametrize("digest", [digest_of(b"other"), "sha256:123", ""])
async def test_one_post_with_another_digest_leaves_nothing(storage: Storage, api: Api, digest: str) -> None:
    reply = await api("POST", f"{UPLOADS}?digest={digest}", ONE_BODY)
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
    assert storage.uploads() == 0
    assert not storage.has_repository("team/app")


async def test_the_empty_blob(api: Api) -> None:
    digest = await api.put_blob("team/app", b"")
    assert (await api("GET", f"/v2/team/app/blobs/{digest}")).body == b""


@pytest.mark.parametrize("streamed", [False, True])
async def test_chunks_with_the_last_one_in_the_put(api: Api, streamed: bool) -> None:
    first, second, last = ONE_BODY[:100_000], ONE_BODY[100_000:300_001], ONE_BODY[300_001:]
    location, sent = await api.start_upload("team/app"), 0
    for chunk in (first, second):
        body = in_pieces(chunk[:7], chunk[7:]) if streamed else chunk
        reply = await api("PATCH", location, body, Content_Range=content_range(sent, chunk))
        sent += len(chunk)
        assert (reply.status, reply.headers["Range"]) == (202, f"0-{sent - 1}")
        location = reply.headers["Location"]
    reply = await api("PUT", f"{location}?digest={digest_of(ONE_BODY)}", last, Content_Range=content_range(sent, last))
    assert reply.status == 201
    assert (await api("GET", reply.headers["Location"])).body == ONE_BODY


async def test_one_streaming_patch_and_an_empty_put(api: Api) -> None:
    """As docker and skopeo do it: no Content-Range, no length."""
    location = await api.start_upload("team/app")
    reply = await api("PATCH", location, in_pieces(ONE_BODY[:5], ONE_BODY[5:200_000], ONE_BODY[200_000:]))
    assert (reply.status, reply.headers["Range"]) == (202, f"0-{len(ONE_BODY) - 1}")
    reply = await api("PUT", f"{reply.headers['Location']}?digest={digest_of(ONE_BODY)}")
    assert reply.status == 201


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 5000), max_size=6), wrong=st.integers(1, 6000), last_in_put=st.booleans())
async def test_any_division_gives_the_same_blob(api: Api, cuts: list[int], wrong: int, last_in_put: bool) -> None:
    """However the bytes are cut, and with a chunk in the wrong place tried before each."""
    body = ONE_BODY[:5000]
    edges = sorted({0, 5000, *cuts})
    chunks = [body[start:stop] for start, stop in itertools.pairwise(edges)]
    location = await api.start_upload("team/app")
    rest = chunks.pop() if last_in_put else b""
    sent = 0
    for chunk in chunks:
        misplaced = await api("PATCH", location, chunk, Content_Range=content_range(sent + wrong, chunk))
        assert (misplaced.status, misplaced.code) == (416, "RANGE_INVALID")
        assert misplaced.headers["Range"] == f"0-{max(0, sent - 1)}"
        placed = await api("PATCH", misplaced.headers["Location"], chunk, Content_Range=content_range(sent, chunk))
        sent += len(chunk)
        assert (placed.status, placed.headers["Range"]) == (202, f"0-{sent - 1}")
    assert (await api("PUT", f"{location}?digest={digest_of(body)}", rest)).status == 201
    assert (await api("GET", f"/v2/team/app/blobs/{digest_of(body)}")).body == body


@pytest.mark.parametrize("header", ["bytes 0-4/5", "bytes=0-4", "0-", "x", pytest.param(f"0-{'9' * 5000}", id="huge")])
async def test_a_content_range_of_another_grammar_is_refused(api: Api, header: str) -> None:
    location = await api.start_upload("team/app")
    reply = await api("PATCH", location, b"01234", Content_Range=header)
    assert (reply.status, reply.code) == (416, "RANGE_INVALID")


@pytest.mark.parametrize("pieces", [(b"0123",), (b"012", b"345"), ()], ids=["short", "long", "empty"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_chunk_has_the_length_it_says(api: Api, pieces: Sequence[bytes], streamed: bool) -> None:
    location = await api.start_upload("team/app")
    body = in_pieces(*pieces) if streamed else b"".join(pieces)
    reply = await api("PATCH", location, body, Content_Range="0-4")
    assert (reply.status, reply.code) == (400, "SIZE_INVALID")
    # What has arrived in order may stay, but never more than was announced.
    last = int((await api("GET", location)).headers["Range"].removeprefix("0-"))
    assert last < 5


async def test_an_out_of_order_put_is_refused_and_the_session_goes_on(api: Api) -> None:
    location = await api.start_upload("team/app")
    digest = digest_of(b"0123456789")
    await api("PATCH", location, b"01234", Content_Range="0-4")
    reply = await api("PUT", f"{location}?digest={digest}", b"789", Content_Range="7-9")
    assert (reply.status, reply.code, reply.headers["Range"]) == (416, "RANGE_INVALID", "0-4")
    assert (await api("PUT", f"{location}?digest={digest}", b"56789", Content_Range="5-9")).status == 201


async def test_a_repeated_chunk_is_refused(api: Api) -> None:
    location = await api.start_upload("team/app")
    assert (await api("PATCH", location, b"01234", Content_Range="0-4")).status == 202
    assert (await api("PATCH", location, b"01234", Content_Range="0-4")).status == 416
    assert (await api("PUT", f"{location}?digest={digest_of(b'01234')}")).status == 201


async def test_the_wrong_digest_ends_the_upload(storage: Storage, api: Api) -> None:
    location = await api.start_upload("team/app")
    await api("PATCH", location, b"01234")
    reply = await api("PUT", f"{location}?digest={digest_of(b'other')}")
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
    assert (await api("GET", location)).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await api("HEAD", f"/v2/team/app/blobs/{digest_of(b'other')}")).status == 404
    assert storage.uploads() == 0


@pytest.mark.parametrize("query", ["", "?digest=", "?digest=sha256:12", "?digest=md5:d41d8cd98f00b204e9800998ecf8427e"])
async def test_a_put_needs_a_digest_and_can_be_tried_again(api: Api, query: str) -> None:
    location = await api.start_upload("team/app")
    await api("PATCH", location, b"01234")
    reply = await api("PUT", location + query)
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
    assert (await api("PUT", f"{location}?digest={digest_of(b'01234')}")).status == 201


async def test_an_algorithm_that_turns_up_at_the_end(api: Api) -> None:
    """The hash so far is sha256; the registry must read everything again, or know better from the start."""
    digest = digest_of(ONE_BODY, "sha512")
    for location in (
        await api.start_upload("team/app"),
        (await api("POST", f"{UPLOADS}?digest-algorithm=sha512")).headers["Location"],
    ):
        await api("PATCH", location, ONE_BODY[:1000])
        assert (await api("PUT", f"{location}?digest={digest}", ONE_BODY[1000:])).status == 201
    reply = await api("POST", f"{UPLOADS}?digest-algorithm=md5")
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_status_tells_where_to_go_on(api: Api, method: str) -> None:
    location = await api.start_upload("team/app")
    assert (await api(method, location)).headers["Range"] == "0-0"
    await api("PATCH", location, b"01234")
    reply = await api(method, location)
    assert (reply.status, reply.headers["Range"], reply.headers["Location"]) == (204, "0-4", location)


async def test_a_cancelled_upload_is_gone(storage: Storage, api: Api) -> None:
    location = await api.start_upload("team/app")
    await api("PATCH", location, b"01234")
    assert (await api("DELETE", location)).status == 204
    assert storage.uploads() == 0
    for method in ("GET", "PATCH", "DELETE", "PUT"):
        reply = await api(method, f"{location}?digest={digest_of(b'01234')}")
        assert (reply.status, reply.code) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_a_session_belongs_to_its_repository(api: Api) -> None:
    location = await api.start_upload("team/app")
    stolen = location.replace("team/app", "team/other")
    assert (await api("GET", stolen)).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await api("PATCH", f"{UPLOADS}{'0' * 32}", b"x")).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await api("PATCH", f"{UPLOADS}..%2f..%2fetc", b"x")).status in (400, 404)
    assert (await api("POST", location)).code == "UNSUPPORTED"


async def test_a_mount_from_another_repository(api: Api) -> None:
    digest = await api.put_blob("team/base", b"content")
    reply = await api("POST", f"{UPLOADS}?mount={digest}&from=team%2Fbase")
    assert (reply.status, reply.headers["Location"]) == (201, f"/v2/team/app/blobs/{digest}")
    assert reply.headers["Docker-Content-Digest"] == digest
    assert (await api("GET", reply.headers["Location"])).body == b"content"
    await api("DELETE", f"/v2/team/base/blobs/{digest}")
    assert (await api("GET", reply.headers["Location"])).body == b"content"


@pytest.mark.parametrize("source", ["&from=team/other", "&from=no/such", "&from=", ""])
async def test_a_mount_of_what_is_not_there_opens_a_session(api: Api, source: str) -> None:
    digest = await api.put_blob("team/base", b"content")
    reply = await api("POST", f"{UPLOADS}?mount={digest}{source}")
    assert reply.status == 202
    assert (await api("HEAD", f"/v2/team/app/blobs/{digest}")).status == 404
    location = reply.headers["Location"]
    assert (await api("PUT", f"{location}?digest={digest}", b"content")).status == 201


async def test_a_mount_of_no_digest_is_refused(api: Api) -> None:
    reply = await api("POST", f"{UPLOADS}?mount=latest&from=team/base")
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
