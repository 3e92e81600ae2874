"""What is kept by digest: bounded, read once, and left to the next when its reader fails."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.providers.cache import DigestCache


def _reader(value: bytes, calls: list[bytes]) -> object:
    async def read() -> bytes:
        calls.append(value)
        await asyncio.sleep(0)
        return value

    return read


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=40))
def test_the_bound_holds_whatever_is_kept(values: list[tuple[int, int]]) -> None:
    cache: DigestCache[bytes] = DigestCache(100, len)
    for key, size in values:
        cache.keep(str(key), bytes(size))
        assert cache.peek(str(key)) == bytes(size)
        assert cache.weight <= 100
        assert cache.weight == sum(len(cache.peek(str(each)) or b"") for each in range(10))


async def test_one_reads_for_all_and_the_least_used_goes_first() -> None:
    cache: DigestCache[bytes] = DigestCache(2, len)
    calls: list[bytes] = []
    values = await asyncio.gather(*(cache.get("a", _reader(b"a", calls)) for _ in range(5)))  # type: ignore[arg-type]
    assert (set(values), calls) == ({b"a"}, [b"a"])
    for name in (b"b", b"a", b"c"):
        await cache.get(name.decode(), _reader(name, calls))  # type: ignore[arg-type]
    assert calls == [b"a", b"b", b"c"]
    assert cache.peek("b") is None
    assert cache.peek("a") == b"a"


async def test_what_is_too_large_is_handed_out_and_not_kept() -> None:
    cache: DigestCache[bytes] = DigestCache(2, len)
    assert await cache.get("x", _reader(b"large", [])) == b"large"  # type: ignore[arg-type]
    assert (cache.peek("x"), cache.weight) == (None, 0)


async def test_a_failure_is_the_readers_own_and_the_next_one_reads() -> None:
    cache: DigestCache[bytes] = DigestCache(9, len)
    failing = True

    async def read() -> bytes:
        nonlocal failing
        await asyncio.sleep(0)
        if failing:
            failing = False
            raise OSError("gone")
        return b"value"

    first, second = await asyncio.gather(cache.get("x", read), cache.get("x", read), return_exceptions=True)
    assert isinstance(first, OSError)
    assert second == b"value"
    with pytest.raises(OSError, match="again"):
        await cache.get("y", _raising)


async def _raising() -> bytes:
    raise OSError("again")
