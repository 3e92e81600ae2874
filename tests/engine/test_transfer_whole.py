"""Targets that take no chunks, or spoil them, get a large blob with one PUT; that is learned once."""

from __future__ import annotations

import pytest

from tests.engine.faults import cut_after, hang_up, refuse
from tests.engine.harness import blob
from tests.engine.wire import LARGE, PATH, SMALL, Wire
from tests.support.faults.personalities import ArtifactRegistry, Ghcr
from tests.support.faults.personality import Personality
from tests.support.faults.script import Script
from tui.engine import blob_work
from tui.oci.errors import IntegrityError

NO_CHUNKS = refuse(405, "UNSUPPORTED", "chunked uploads are not supported")


async def test_a_target_without_chunks_gets_the_blob_in_one_request(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", NO_CHUNKS, times=100)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("PATCH")) == 1
    assert len(wire.world.at_target.requests("PUT .*/uploads/")) == 1
    assert wire.world.target.storage.uploads() == 0


async def test_a_target_without_chunks_is_not_asked_again(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", NO_CHUNKS, times=100)
    await wire.copy(LARGE)
    await wire.copy(SMALL)
    await wire.copy(LARGE)
    assert len(wire.world.at_target.requests("PATCH")) == 1


async def test_a_source_that_breaks_goes_on_within_the_one_request(wire: Wire) -> None:
    wire.target.host.takes_chunks = False
    wire.world.at_source.on("GET .*/blobs/", cut_after(5_000_000))
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("PUT .*/uploads/")) == 1


async def test_a_target_that_breaks_gets_it_anew(wire: Wire) -> None:
    wire.target.host.takes_chunks = False
    wire.world.at_target.on("PUT .*/uploads/", hang_up)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("PUT .*/uploads/")) == 2


async def test_a_damaged_source_is_what_is_told(wire: Wire) -> None:
    wire.target.host.takes_chunks = False
    wrong = bytearray(LARGE.body)
    wrong[-1] ^= 1
    wire.world.source.storage._content[LARGE.digest] = bytes(wrong)  # type: ignore[attr-defined]
    with pytest.raises(IntegrityError, match="other content"):
        await wire.copy(LARGE)
    assert wire.nothing_left()


@pytest.mark.parametrize(
    "personality", [Ghcr(), Ghcr(honest=False), ArtifactRegistry()], ids=["ghcr", "ghcr-that-lies", "artifact-registry"]
)
async def test_registries_known_for_it(wire: Wire, personality: Personality, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_work, "CHUNK", 256 * 1024)
    part = blob(7, 600_000)
    wire.world.source.storage.put_blob(PATH, part.body, part.digest)
    Script(personality=personality).attach(wire.world.target)
    await wire.copy(part)
    assert wire.arrived(part)
    assert not wire.target.host.takes_chunks
