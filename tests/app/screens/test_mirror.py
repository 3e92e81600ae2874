"""Deletions at the target: proposals, marks, the number that has to be typed, and what is left alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.app.screens.browsing import Opened, opened
from tests.engine.harness import blob, picture
from tui.app.screens.mirror import MirrorScreen
from tui.demo.registry import EmbeddedRegistry
from tui.plan.mirror.review import load_review
from tui.plan.mirror.settings import Mirror
from tui.plan.model import Plan
from tui.plan.rule_text import make_rule
from tui.plan.toml_file import save_plan

TAGS = ("1.0", "1.1", "1.2", "release-9", "2.0")
STAY = ("1.1", "2.0")


def some(*tags: str) -> Callable[[EmbeddedRegistry], Awaitable[None]]:
    """Return what fills a registry with `team/app` under these tags."""

    async def fill(registry: EmbeddedRegistry) -> None:
        for tag in tags:
            picture(tag, blob(1, 64)).put(registry.storage, "team/app", tag)

    return fill


async def open_mirror(app: Opened, folder: Path, **settings: object) -> MirrorScreen:
    """Open a plan file that copies team/app, and its deletions."""
    await some(*TAGS)(app.target)
    plan = Plan(
        "nightly",
        (make_rule(f"{app.source.address}/team/app", f"{app.target.address}/team/app"),),
        mirror=Mirror(**{"max_percent": 100, "protect": ("release-*",), **settings}),  # type: ignore[arg-type]
    )
    save_plan(plan, folder / "nightly.toml")
    await app.press("4", "l")
    await app.press("end", "ctrl+u")
    await app.type(str(folder / "nightly.toml"))
    await app.press("enter")
    await app.sees("as in the file")
    await app.press("M")
    await app.until(lambda: isinstance(app.screen, MirrorScreen))
    screen = app.screen
    assert isinstance(screen, MirrorScreen)
    return screen


def tags_at_target(app: Opened) -> list[str]:
    return sorted(app.target.storage.tags("team/app"))


async def test_proposals_are_marked_counted_and_deleted(tmp_path: Path) -> None:
    async with opened(fill=some(*STAY)) as app:
        screen = await open_mirror(app, tmp_path)
        await app.sees("(2)", "gone at the source", "2 proposed  of 5 tags  0 marked", "1 protected")
        await app.press("X")
        await app.sees("Mark what is to be deleted first")
        await app.press("space")
        await app.sees("1 marked")
        await app.press("X")
        await app.sees("Delete 1 tag at the target", "type 1 to delete them")
        await app.press("enter")
        assert tags_at_target(app) == sorted(TAGS)
        await app.type("1")
        await app.sees("that cannot be taken back")
        await app.press("enter")
        await app.until(lambda: not screen.busy and screen.outcomes)
        await app.sees("1 tag deleted; on record in", "deleted")
        assert tags_at_target(app) == sorted(set(TAGS) - {"1.0"})
        await app.press("escape")
        await app.sees("as in the file")
        await app.press("A")
        await app.sees("Repeat this", "nightly.toml")


async def test_a_tag_that_changed_since_is_left_alone_and_said(tmp_path: Path) -> None:
    async with opened(fill=some(*STAY)) as app:
        screen = await open_mirror(app, tmp_path)
        await app.sees("Proposals at", "(2)")
        picture("moved", blob(1, 64)).put(app.target.storage, "team/app", "1.0")
        await app.press("a", "X")
        await app.type("2")
        await app.press("enter")
        await app.until(lambda: not screen.busy and screen.outcomes)
        await app.sees("1 tag deleted, 1 left alone", "changed")
        assert tags_at_target(app) == sorted(set(TAGS) - {"1.2"})
        await app.press("home", "enter")
        await app.sees("it has another digest by now")


async def test_more_than_the_plan_allows_is_refused(tmp_path: Path) -> None:
    async with opened(fill=some(*STAY)) as app:
        await open_mirror(app, tmp_path, max_count=1)
        await app.sees("Proposals at", "(2)", "at most 1 and 100 %")
        await app.press("a")
        await app.sees("2 deletions are more than max_count = 1")
        await app.press("X")
        await app.until(lambda: any("max_count" in text for _at, text, _style in app.app.messages))
        assert tags_at_target(app) == sorted(TAGS)


async def test_proposals_are_saved_for_a_review(tmp_path: Path) -> None:
    async with opened(fill=some(*STAY)) as app:
        await open_mirror(app, tmp_path)
        await app.sees("Proposals at", "(2)")
        await app.press("w", "end", "ctrl+u")
        await app.type(str(tmp_path / "review.toml"))
        await app.press("enter")
        await app.sees("Saved")
        review = load_review(tmp_path / "review.toml")
        assert [each.target.tag for each in review.deletions] == ["1.0", "1.2"]
        await app.press("n")
        await app.sees("Not proposed", "protected by 'release-*'")


async def test_a_source_that_lists_nothing_proposes_nothing(tmp_path: Path) -> None:
    async with opened(fill=some()) as app:
        await open_mirror(app, tmp_path)
        await app.sees("Nothing is proposed", "The source cannot be listed", "c    look again")
        await app.press("X")
        assert tags_at_target(app) == sorted(TAGS)


async def test_nothing_left_the_source(tmp_path: Path) -> None:
    async with opened(fill=some(*TAGS)) as app:
        await open_mirror(app, tmp_path)
        await app.sees("Nothing left the source", "5 tags at the target were looked at")
