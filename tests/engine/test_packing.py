"""A run whose target is a tar ends in the tar, or in its parts, and nothing else is left of it."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import QUICK, Outcome, World, blob, picture
from tui.engine.journal.reader import JournalReader
from tui.engine.report import notices
from tui.engine.runs import RunFolder
from tui.engine.verify.record import Manner
from tui.engine.verify.work import verify_run
from tui.oci.errors import LocalError
from tui.oci.layout.pack import pack
from tui.oci.layout.parts import PartList, read_list
from tui.oci.layout.working import finish, is_packed, working_folder
from tui.oci.place import split_place
from tui.plan.model import Rule

MB = 1024 * 1024


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    return tmp_path / "usb" / "out.tar"


@pytest.fixture
def export(world: World, tar: Path) -> Rule:
    """A rule that exports two images, with 3 MB of layers, to a tar."""
    tar.parent.mkdir()
    for number in range(2):
        world.put(picture(str(number), blob(number, 3 * MB // 2)), "library/app", f"v{number}")
    return Rule(world.source.address, "library/app", f"oci-archive:{tar}//{{path}}")


def files(tar: Path) -> list[str]:
    return sorted(path.name for path in tar.parent.iterdir())


def checksum(tar: Path) -> str:
    return hashlib.sha256(tar.read_bytes()).hexdigest()


def said(outcome: Outcome) -> str:
    with JournalReader(outcome.folder.journal) as reader:
        return "\n".join(notices(reader))


async def imported(world: World, place: str) -> bool:
    """Copy all of it to the target registry, from the tar where it lies."""
    outcome = await world.run(Rule(place, "*", f"{world.target.address}/{{path}}"))
    return outcome.code == 0 and all(world.same("library/app", tag) for tag in ("v0", "v1"))


async def test_an_export_ends_in_its_tar(world: World, export: Rule, tar: Path) -> None:
    outcome = await world.run(export)
    assert outcome.code == 0
    assert files(tar) == ["out.tar", "out.tar.parts.json"]
    assert "packed into out.tar in" in said(outcome)
    with tarfile.open(tar) as opened:
        assert opened.getnames()[:2] == ["oci-layout", "index.json"]
    assert await imported(world, f"oci-archive:{tar}/")
    found = await verify_run(outcome.folder, world.access, Manner(deep=True), retry=QUICK)
    assert found.findings.counts() == {}


async def test_an_export_ends_in_parts(world: World, export: Rule, tar: Path) -> None:
    assert (await world.run(export, split=MB)).code == 0
    parts = read_list(tar.parent / "out.tar.parts.json").parts
    assert files(tar) == sorted([*(part.name for part in parts), "out.tar.parts.json"])
    assert all(part.size <= MB for part in parts)
    sums = [hashlib.sha256((tar.parent / part.name).read_bytes()).hexdigest() for part in parts]
    assert sums == [part.sha256 for part in parts]
    for name in ("out.tar.002", "out.tar.parts.json"):
        named = split_place(f"oci-archive:{tar.parent / name}//library/app")
        assert named == (f"oci-archive:{tar}/", "library/app")
    assert await imported(world, f"oci-archive:{tar}/")


async def test_what_is_not_whole_is_not_packed(world: World, export: Rule, tar: Path) -> None:
    fault = world.at_source.on("GET .*/manifests/v1", refuse(403, "DENIED"), times=1000)
    folder = world.make(export, retries=0)
    assert await world.work(folder) == 1
    assert files(tar) == ["out.tar.export"]
    assert "until then its content is in" in said(Outcome(folder, 1))
    fault.times = 0
    assert await world.work(folder, failed_too=True) == 0
    assert files(tar) == ["out.tar", "out.tar.parts.json"]
    assert await imported(world, f"oci-archive:{tar}/")


async def test_a_tar_that_is_complete_stays_as_it_is(world: World, export: Rule, tar: Path) -> None:
    assert (await world.run(export)).code == 0
    before = checksum(tar)
    outcome = await world.run(export)
    assert set(outcome.states().values()) == {"unchanged"}
    world.put(picture("new", blob(9, 100)), "library/app", "v9")
    outcome = await world.run(export)
    assert outcome.code == 5
    (failed,) = [task for task in outcome.tasks() if task["state"] == "failed"]
    assert "is complete, and is only read" in failed["message"]
    assert f"--since {tar}" in failed["hint"]
    assert (files(tar), checksum(tar)) == (["out.tar", "out.tar.parts.json"], before)


async def test_a_pack_that_was_interrupted_goes_on(world: World, export: Rule, tar: Path) -> None:
    """Wherever it ended: in a part, between its content and its name, or while the folder was removed."""
    await world.work(folder := world.make(export, split=MB), only_generate=True)
    blocker = tar.parent / "out.tar.002.partial"
    blocker.mkdir()
    assert await world.work(folder) == 5
    assert "the tar is not packed" in said(Outcome(folder, 5))
    assert working_folder(tar).is_dir()
    assert not is_packed(tar)
    blocker.rmdir()
    # All was written and listed, and the name is missing.
    listed = finish_until(tar, "out.tar.002")
    assert [part.name for part in listed.parts] == ["out.tar.001", "out.tar.002"]
    assert await world.work(folder) == 0
    assert "out.tar.export" not in files(tar)
    assert await imported(world, f"oci-archive:{tar}/")
    # What a kill left of the folder is no layout, and goes when somebody looks.
    (working_folder(tar) / "blobs").mkdir(parents=True)
    assert await world.work(folder) == 0
    assert "out.tar.export" not in files(tar)


def finish_until(tar: Path, name: str) -> PartList:
    """Pack as far as a part that is written and not yet called so."""

    def watch(done: int, _size: int) -> None:
        if (tar.parent / name).exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(tar, MB, watch)
    (tar.parent / name).rename(tar.parent / f"{name}.partial")
    assert not is_packed(tar)
    return read_list(tar.parent / "out.tar.parts.json")


async def exported_and_not_packed(world: World, export: Rule, tar: Path) -> RunFolder:
    """Return a run that has all of an export in its working folder."""
    await world.work(folder := world.make(export), only_generate=True)
    blocker = tar.parent / "out.tar.partial"
    blocker.mkdir()
    assert await world.work(folder) == 5
    blocker.rmdir()
    return folder


async def test_a_strange_tar_is_not_taken_for_the_export(world: World, export: Rule, tar: Path) -> None:
    """Somebody put a file of that name there while the export went on."""
    folder = await exported_and_not_packed(world, export, tar)
    put(tar, b"of somebody else")
    assert await world.work(folder) == 5
    assert checksum(tar) == hashlib.sha256(b"of somebody else").hexdigest()
    assert f"there is a file {tar} already" in said(Outcome(folder, 5))
    remove(tar)
    assert await world.work(folder) == 0
    assert await imported(world, f"oci-archive:{tar}/")


async def test_a_tar_that_a_killed_process_packed_is_the_export(world: World, export: Rule, tar: Path) -> None:
    folder = await exported_and_not_packed(world, export, tar)
    pack(working_folder(tar), tar)
    before = checksum(tar)
    assert await world.work(folder) == 0
    assert (files(tar), checksum(tar)) == (["out.tar", "out.tar.parts.json"], before)


def put(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def remove(path: Path) -> None:
    path.unlink()


async def test_another_process_at_the_folder_is_told_of(world: World, export: Rule, tar: Path) -> None:
    from tui.oci.layout.writer import LayoutWriter

    writer = LayoutWriter(working_folder(tar))
    try:
        with pytest.raises(LocalError, match="is writing to"):
            finish(tar, 0, lambda done, size: None)
    finally:
        writer.abandon()


async def test_a_blob_that_a_power_failure_took_from_a_folder_is_written_again(world: World, tmp_path: Path) -> None:
    """The journal has it, and the disk had not got to its name yet."""
    first, second = blob(1, 5_000), blob(2, 6_000)
    world.put(picture("a", first, second), "library/app", "v1")
    fault = world.at_source.on(f"GET .*/blobs/{second.digest}", refuse(403, "DENIED"), times=1000)
    folder = world.make(Rule(world.source.address, "library/app", f"oci:{tmp_path}/out//{{path}}"), retries=0)
    assert await world.work(folder) == 1
    lost = tmp_path / "out" / "blobs" / first.digest.replace(":", "/")
    remove(lost)
    fault.times = 0
    assert await world.work(folder, failed_too=True) == 0
    assert await imported_one(world, f"oci:{tmp_path}/out/")


async def imported_one(world: World, place: str) -> bool:
    outcome = await world.run(Rule(place, "*", f"{world.target.address}/{{path}}"))
    return outcome.code == 0 and world.same("library/app", "v1")
