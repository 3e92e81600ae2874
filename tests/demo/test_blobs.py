"""Blobs: HEAD, GET with ranges, DELETE (end-2, end-10)."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.conftest import Api
from tui.demo.blobs import requested_range
from tui.demo.index import Storage
from tui.demo.refusal import Refusal
from tui.demo.registry import EmbeddedRegistry
from tui.demo.throttle import CHUNK
from tui.oci.reference import digest_of

ABSENT = digest_of(b"absent")
SIZES = [0, 1, 10, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7]


@pytest.mark.parametrize("size", SIZES)
async def test_a_blob_comes_back_as_it_was(registry: EmbeddedRegistry, api: Api, size: int) -> None:
    body = os.urandom(size)
    digest = await api.put_blob("team/app", body)
    head = await api("HEAD", f"/v2/team/app/blobs/{digest}")
    get = await api("GET", f"/v2/team/app/blobs/{digest}")
    assert (head.status, get.status) == (200, 200)
    assert get.body == body
    assert head.body == b""
    for reply in (head, get):
        assert reply.headers["Content-Length"] == str(size)
        assert reply.headers["Docker-Content-Digest"] == digest
        assert reply.headers["Accept-Ranges"] == "bytes"
        assert reply.headers["Content-Type"] == "application/octet-stream"


async def test_both_registered_algorithms_are_checked(api: Api) -> None:
    digest = digest_of(b"content", "sha512")
    location = await api.start_upload("a")
    assert (await api("PUT", f"{location}?digest={digest}", b"content")).status == 201
    assert (await api("GET", f"/v2/a/blobs/{digest}")).body == b"content"
    assert (await api("HEAD", f"/v2/a/blobs/{digest_of(b'content')}")).status == 404


async def test_a_blob_is_seen_only_where_it_was_put(api: Api) -> None:
    digest = await api.put_blob("team/app", b"content")
    reply = await api("GET", f"/v2/team/other/blobs/{digest}")
    assert (reply.status, reply.code) == (404, "BLOB_UNKNOWN")
    head = await api("HEAD", f"/v2/team/other/blobs/{digest}")
    assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    ("digest", "status", "code"),
    [
        (ABSENT, 404, "BLOB_UNKNOWN"),
        ("sha256:abc", 400, "DIGEST_INVALID"),
        (ABSENT.upper(), 400, "DIGEST_INVALID"),
        ("md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
        ("latest", 400, "DIGEST_INVALID"),
    ],
)
async def test_what_is_no_blob_is_said_so(api: Api, method: str, digest: str, status: int, code: str) -> None:
    reply = await api(method, f"/v2/team/app/blobs/{digest}")
    assert reply.status == status
    if method != "HEAD":
        assert reply.code == code


async def test_a_deleted_blob_is_gone_here_and_stays_elsewhere(storage: Storage, api: Api) -> None:
    digest = await api.put_blob("a", b"content")
    await api.put_blob("b", b"content")
    assert (await api("DELETE", f"/v2/a/blobs/{digest}")).status == 202
    assert (await api("DELETE", f"/v2/a/blobs/{digest}")).code == "BLOB_UNKNOWN"
    assert (await api("GET", f"/v2/b/blobs/{digest}")).body == b"content"
    assert (await api("DELETE", f"/v2/b/blobs/{digest}")).status == 202
    with pytest.raises((KeyError, FileNotFoundError)):
        storage.read(digest)


BODY = bytes(range(256)) * (CHUNK // 64)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=100-", 100, len(BODY)),
        ("bytes=-5", len(BODY) - 5, len(BODY)),
        (f"bytes=-{10 * len(BODY)}", 0, len(BODY)),
        (f"bytes=7-{10 * len(BODY)}", 7, len(BODY)),
        (f"bytes={len(BODY) - 1}-", len(BODY) - 1, len(BODY)),
        ("bytes=0-", 0, len(BODY)),
    ],
)
async def test_a_range_is_sent_with_its_place(api: Api, header: str, start: int, stop: int) -> None:
    digest = await api.put_blob("a", BODY)
    reply = await api("GET", f"/v2/a/blobs/{digest}", Range=header)
    assert reply.status == 206
    assert reply.body == BODY[start:stop]
    assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(BODY)}"
    assert reply.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("header", ["bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "nonsense", "bytes=٣-٤"])
async def test_a_range_that_means_nothing_is_ignored(api: Api, header: str) -> None:
    digest = await api.put_blob("a", b"0123456789")
    reply = await api("GET", f"/v2/a/blobs/{digest}", Range=header)
    assert (reply.status, reply.body) == (200, b"0123456789")
    assert "Content-Range" not in reply.headers


async def test_a_number_longer_than_any_size_is_ignored(api: Api) -> None:
    digest = await api.put_blob("a", b"0123456789")
    assert (await api("GET", f"/v2/a/blobs/{digest}", Range=f"bytes={'9' * 5000}-")).status == 200


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
async def test_a_range_past_the_end_is_refused(api: Api, header: str) -> None:
    digest = await api.put_blob("a", b"0123456789")
    reply = await api("GET", f"/v2/a/blobs/{digest}", Range=header)
    assert (reply.status, reply.code) == (416, "RANGE_INVALID")
    assert reply.headers["Content-Range"] == "bytes */10"


@given(size=st.integers(0, 50), first=st.integers(0, 60), length=st.none() | st.integers(1, 60))
def test_ranges_are_slices(size: int, first: int, length: int | None) -> None:
    """`bytes=a-b` is the slice `[a:b+1]`, and refused exactly when that slice is empty."""
    body = bytes(size)
    expected = body[first:] if length is None else body[first : first + length]
    header = f"bytes={first}-" + ("" if length is None else str(first + length - 1))
    if not expected:
        with pytest.raises(Refusal):
            requested_range(header, size)
        return
    wanted = requested_range(header, size)
    assert wanted is not None
    assert wanted == (first, first + len(expected))


@given(size=st.integers(0, 50), last=st.integers(1, 60))
def test_a_suffix_range_is_the_end(size: int, last: int) -> None:
    if not size:
        with pytest.raises(Refusal):
            requested_range(f"bytes=-{last}", size)
        return
    assert requested_range(f"bytes=-{last}", size) == (max(0, size - last), size)


@given(header=st.text(max_size=30), size=st.integers(0, 50))
def test_no_range_header_can_break_it(header: str, size: int) -> None:
    try:
        wanted = requested_range(header, size)
    except Refusal:
        wanted = None
    start, stop = wanted or (0, 1)
    assert 0 <= start < stop <= max(1, size)
