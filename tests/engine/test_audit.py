"""The report that is handed on: complete, self-contained, checked by anybody, and safe to open."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import Outcome, World, blob, picture
from tests.engine.test_referrers import BASE as REFERRERS_BASE
from tests.engine.test_referrers import multi, signed
from tui.engine.audit import charts
from tui.engine.audit.checksum import checksum
from tui.engine.audit.data import report_data
from tui.engine.audit.forms import KINDS, kind_of, report_text, write_report
from tui.engine.audit.forms import signed as signed_by
from tui.engine.journal.writer import JournalWriter
from tui.engine.verify.record import Manner
from tui.engine.verify.work import verify_run
from tui.oci.errors import LocalError

BASE = blob(1, 5000)
HOSTILE = '<script>alert("x")</script><img src=http://evil.example/a.png> [a](javascript:1) | `x` \x1b[31m\u202e'
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """The tags, attributes and text of a page; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def names(self) -> set[str]:
        return {name for name, _ in self.tags}


@pytest.fixture
async def outcome(world: World) -> Outcome:
    """An index, a signed image, one that is denied with a hostile message, and a rule that finds nothing."""
    world.put(multi(), "library/multi", "v1")
    signed(world, "library/signed", "signed", signature=True)
    world.put(picture("denied", BASE), "library/denied", "v1")
    world.at_target.on("POST .*/denied/", refuse(403, "DENIED", HOSTILE), times=99)
    names = ("multi", "signed", "denied", "absent")
    return await world.run(*(world.rule(f"library/{name}") for name in names))


def digests(report: dict[str, Any]) -> set[str]:
    blobs = {blob["digest"] for manifest in report["manifests"].values() for blob in manifest["blobs"]}
    return blobs | set(report["manifests"])


async def test_every_digest_is_in_it(world: World, outcome: Outcome) -> None:
    report = report_data(outcome.folder)
    tasks = {task["target"].rpartition("/")[2]: task for task in report["list"]}
    assert tasks["multi:v1"]["platforms"] == ["linux/amd64", "linux/arm64/v8", "windows/amd64"]
    assert len(tasks["multi:v1"]["manifests"]) == 4
    assert len(tasks["signed:v1"]["manifests"]) == 2  # with what refers to it
    image_ = world.target.storage.manifest("library/signed", "v1")
    assert image_ is not None
    (referrer,) = world.target.storage.referrers("library/signed", image_.digest)
    assert {image_.digest, referrer["digest"], REFERRERS_BASE.digest} <= digests(report)
    page = report_text(report, "html")
    assert all(digest in page for digest in digests(report))
    assert (report["from"], report["to"]) == ([world.source.address], [world.target.address])
    assert report["made_by"]
    assert report["sessions"][0]["version"]
    assert report["options"]["retries"] == 3


async def test_the_page_is_whole_fetches_nothing_and_shows_text_as_text(outcome: Outcome) -> None:
    text = report_text(report_data(outcome.folder), "html")
    page = Page(text)
    assert page.names() & {"script", "img", "link", "iframe", "object", "base", "form", "use", "image"} == set()
    for _, attributes in page.tags:
        assert attributes.keys() & {"src", "href", "xlink:href", "srcset", "action", "background"} == set()
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert '<script>alert("x")</script>' in "".join(page.texts)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert {"svg", "rect"} <= page.names()


async def test_other_forms_show_hostile_text_as_text(outcome: Outcome) -> None:
    report = report_data(outcome.folder)
    markdown = report_text(report, "md")
    assert "<script>" not in markdown
    assert "[a](" not in markdown
    for kind in KINDS:
        assert "\x1b" not in report_text(report, kind)
        assert report["checksum"] in report_text(report, kind)


async def test_the_checksum_is_of_the_data_and_anybody_can_check_it(outcome: Outcome, tmp_path: Path) -> None:
    report = report_data(outcome.folder)
    assert report == report_data(outcome.folder)  # at any time the same
    (path,) = write_report(report, tmp_path / "report.json")
    back = json.loads(path.read_text())
    assert checksum(back) == back["checksum"] == report["checksum"]
    back["list"][0]["digest"] = "sha256:" + "0" * 64
    assert checksum(back) != report["checksum"]
    if shutil.which("jq"):
        command = f"jq -cjS 'del(.checksum, .sign_off)' {path} | sha256sum"
        run = await asyncio.to_thread(subprocess.run, ["sh", "-c", command], capture_output=True, text=True, check=True)
        assert f"sha256:{run.stdout.split()[0]}" == report["checksum"]


async def test_signing_off_is_for_this_data_only(outcome: Outcome) -> None:
    report = signed_by(outcome.folder, report_data(outcome.folder), "Ann \x1b[1mExample")
    assert report["sign_off"]["name"] == "Ann \\x1b[1mExample"
    assert report_data(outcome.folder)["sign_off"] == report["sign_off"]
    assert report["sign_off"]["holds"]
    for kind in ("html", "md"):
        assert "Signed off by Ann" in report_text(report, kind)
    writer = JournalWriter.open(outcome.folder.journal)
    writer.task(1, message="something else")
    writer.close()
    later = report_data(outcome.folder)
    assert not later["sign_off"]["holds"]
    assert "Not signed off as it is" in report_text(later, "html")


async def test_the_verdict_follows_what_is_known(world: World, outcome: Outcome) -> None:
    assert report_data(outcome.folder)["verdict"]["level"] == "bad"
    world.put(picture("good", BASE), "library/good", "v1")
    good = await world.run(world.rule("library/good"))
    assert report_data(good.folder)["verdict"]["title"] == "Complete"
    await verify_run(good.folder, world.access, Manner(deep=True))
    report = report_data(good.folder)
    assert report["verdict"]["title"] == "Complete and verified"
    assert [task["verified"] for task in report["list"]] == ["same"]
    world.target.storage.untag("library/good", "v1")
    await verify_run(good.folder, world.access, Manner())
    report = report_data(good.folder)
    assert (report["verdict"]["level"], report["list"][0]["verified"]) == ("bad", "different")
    assert len(report["verifications"]) == 2
    assert "the tag or digest is missing" in report_text(report, "html")
    await world.work(good.folder, failed_too=True)
    report = report_data(good.folder)
    assert "not verified since" in report["verdict"]["text"]
    assert report["list"][0]["verified"] == ""


async def test_a_run_that_did_nothing_has_a_report(world: World) -> None:
    folder = world.make()
    for kind in KINDS:
        assert report_text(report_data(folder), kind)


async def test_a_folder_gets_every_form(outcome: Outcome, tmp_path: Path) -> None:
    written = write_report(report_data(outcome.folder), tmp_path)
    assert [path.suffix for path in written] == [f".{kind}" for kind in KINDS]
    with pytest.raises(LocalError, match="no ending of a report"):
        kind_of(tmp_path / "report.pdf")


def test_images_over_time_are_drawn() -> None:
    tasks = [{"state": "done", "ended": f"2026-01-01T00:{minute:02}:00Z"} for minute in range(30)]
    picture_ = charts.time_chart(tasks)
    assert "30 images" in picture_
    assert Page(str(picture_)).names() == {"svg", "polygon", "polyline", "line", "text"}
    assert charts.time_chart(tasks[:1]) == ""
