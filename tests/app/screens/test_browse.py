"""From an endpoint to its tags."""

from __future__ import annotations

import json

from aiohttp import web
from textual.events import Key

from tests.app.screens.browsing import opened
from tui.app.screens.browse.remembered import last_source
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_many


async def test_from_the_endpoint_to_the_tags_and_back() -> None:
    async with opened() as app:
        await app.browse()
        await app.sees("charts", "legacy", "library", "team")
        await app.press("j", "j", "j", "enter")
        await app.sees("library/base", "library/nginx", "library/redis")
        assert "team/app" not in app.text
        await app.press("j", "enter")
        await app.sees("1.25.3-amd64", "336 kB", "amd64, arm64/v8", "2024-03-01", "source › library/nginx")
        await app.press("escape")
        await app.sees("library/base")
        await app.press("escape", "escape")
        await app.sees("Endpoints (2)")


async def test_versions_are_listed_from_the_newest() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        tags = [str(key) for key in app.screen.tables["tags"].visible_keys()]
        assert tags[:4] == ["1.5.0-rc1", "1.4.2", "1.4.1", "1.3.0"]


async def test_only_what_is_on_screen_is_read() -> None:
    async def fill(registry: EmbeddedRegistry) -> None:
        await load_many(registry, 400, 1)

    async with opened(fill=fill) as app:
        await app.browse()
        await app.open_repository("bench/repo-0000")
        screen = app.screen
        shown = len(screen.tables["tags"].visible_keys())
        assert len(screen.shelf.infos) == shown < 30
        await app.press("G")
        await app.until(lambda: ("bench/repo-0000", "1.0.0") in screen.shelf.infos)
        await app.until(lambda: len(screen.shelf.infos) == 2 * shown)


async def test_ordering_by_what_is_behind_the_tags_reads_all_of_them() -> None:
    async def fill(registry: EmbeddedRegistry) -> None:
        await load_many(registry, 60, 1)

    async with opened(fill=fill) as app:
        await app.browse()
        await app.open_repository("bench/repo-0000")
        app.screen.tables["tags"].sort_by("size")
        await app.until(lambda: len(app.screen.shelf.infos) == 60)
        sizes = [
            app.screen.shelf.infos["bench/repo-0000", key].size for key in app.screen.tables["tags"].visible_keys()
        ]
        await app.until(lambda: sizes == sorted(sizes))


async def test_the_filter_shows_what_matches() -> None:
    async with opened() as app:
        await app.browse()
        await app.press("enter")
        await app.press("slash")
        await app.type("ngi")
        await app.sees("(1 of 8)")
        await app.press("enter", "enter")
        await app.sees("1.25.3-amd64")


async def test_keys_pressed_faster_than_they_are_heard_filter_and_open() -> None:
    async with opened() as app:
        await app.browse()
        await app.press("enter", "slash")
        for key in ("n", "g", "i", "enter", "enter"):
            app.app.post_message(Key(key, key if len(key) == 1 else None))
        await app.sees("1.25.3-amd64")


async def test_ten_thousand_tags_can_be_walked_and_marked() -> None:
    async def fill(registry: EmbeddedRegistry) -> None:
        await load_many(registry, 10_000, 1)

    async with opened(fill=fill) as app:
        await app.browse()
        await app.open_repository("bench/repo-0000")
        await app.press("G", "a")
        await app.until(lambda: app.basket.tally().tags == 10_000)
        await app.sees("10,000 tags", "10,000 marked")
        assert list(app.basket.repositories) == ["bench/repo-0000"]
        await app.press("space")
        await app.until(lambda: app.basket.tally().tags == 9_999)


async def test_details_show_the_tree_the_layers_and_the_raw_manifest() -> None:
    async with opened((140, 40)) as app:
        await app.browse()
        await app.open_repository("library/nginx")
        await app.press("enter")
        await app.sees("Manifests", "linux/arm64/v8", "Layers of linux/amd64", "maintainer = demo", "schemaVersion")
        await app.press("y")
        assert json.loads(app.app.clipboard)["mediaType"] == "application/vnd.oci.image.index.v1+json"
        await app.press("escape")
        await app.press("y")
        assert app.app.clipboard == f"{app.source.address}/library/nginx:1.25.3"
        await app.press("Y")
        assert f"{app.source.address}/library/nginx:1.25.3@sha256:" in app.app.clipboard


async def test_details_name_what_is_attached_and_where_it_is_kept() -> None:
    async with opened((140, 60)) as app:
        await app.browse()
        await app.open_repository("team/app")
        app.screen.tables["tags"].go_to("1.4.2")
        await app.press("enter")
        await app.sees("Attached", "signature", ".sig", "sbom", "application/spdx+json")


async def test_a_signature_that_is_attached_is_seen() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        assert app.screen.shelf.infos["team/app", "1.4.2"].signed is True
        assert app.screen.shelf.infos["team/app", "1.3.0"].signed is False
        await app.sees("yes", "no")


async def test_the_endpoint_browsed_last_is_opened_again() -> None:
    async with opened(in_file=True) as app:
        await app.browse()
        endpoint = app.screen.shelf.endpoint
        assert last_source(app.app.session.state) == endpoint.id
    async with opened(in_file=True) as app:
        # another list of endpoints: the note is about none of them
        await app.press("3")
        await app.sees("Endpoints (2)")


async def test_a_registry_without_a_list_asks_for_names_and_remembers_them() -> None:
    def no_catalog(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.json_response({"errors": []}, status=404) if request.path == "/v2/_catalog" else None

    async with opened(in_file=True, source_answer=no_catalog) as app:
        await app.press("3", "enter")
        await app.sees("Repositories of source", "type at least one name")
        await app.type("Team/App")
        await app.sees("is not a repository path")
        await app.press(*["backspace"] * 8)
        await app.type("team/app library/nginx")
        await app.press("enter")
        await app.sees("library", "team", "2 names are remembered")
        endpoint = app.app.session.file.load()[0]
        assert endpoint.repositories == ("team/app", "library/nginx")
        await app.open_repository("team/app")
        await app.sees("1.4.2")
        await app.press("ctrl+r")
        await app.sees("1.4.2")
        await app.press("escape", "escape", "ctrl+r")
        await app.sees("library", "team")


async def test_what_cannot_be_read_is_said_with_what_to_do() -> None:
    def broken(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path.endswith("/manifests/1.24.0"):
            return web.json_response({"errors": [{"code": "DENIED", "message": "not you"}]}, status=403)
        return web.Response(status=403) if "redis/tags" in request.path else None

    async with opened((140, 40), source_answer=broken) as app:
        await app.browse()
        app.screen.open_repository("library/nginx")
        await app.sees("1.25.3", "1.24.0", "cannot")
        await app.press("j", "j", "j")
        await app.sees("give the account permission")
        app.screen.open_repository("library/redis")
        await app.sees("give the account permission")


async def test_hostile_names_neither_colour_nor_break_the_screen() -> None:
    def hostile(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/v2/_catalog":
            return web.json_response({"repositories": ["a/b", "[red]x[/red]/\x1b[31my", "a/\u202ec"]})
        if request.path == "/v2/a/b/tags/list":
            return web.json_response({"name": "a/b", "tags": ["1", "\x1b[2Jgone", "[bold]x", "漢字"]})
        return None

    async with opened(source_answer=hostile) as app:
        await app.browse()
        await app.press("enter")
        await app.pilot.pause(0.3)
        assert "\x1b" not in app.text
        app.screen.open_repository("a/b")
        await app.until(lambda: "a/b" in app.screen.shelf.listed)
        await app.pilot.pause(0.5)
        assert "\x1b" not in app.text
        assert all(len(line) <= 80 for line in app.text.splitlines())


async def test_moving_on_ends_what_was_being_read() -> None:
    async with opened() as app:
        await app.browse()
        app.screen.open_repository("library/nginx")
        app.screen.open_repository("team/app")
        await app.until(lambda: "team/app" in app.screen.shelf.listed)
        await app.pilot.pause(0.3)
        assert "library/nginx" not in app.screen.shelf.listed
        assert {key[0] for key in app.screen.shelf.infos} <= {"team/app"}


async def test_wide_screens_show_the_list_one_came_from() -> None:
    async with opened((140, 40)) as app:
        await app.browse()
        await app.press("j", "j", "j", "enter")
        await app.sees("(all repositories)", "library/nginx")
        await app.press("enter")
        await app.sees("library/redis", "Platforms")


async def test_a_list_that_cannot_be_read_says_why_in_its_place_and_can_be_tried_again() -> None:
    broken = {"/v2/_catalog": 503, "/v2/library/redis/tags/list": 403}

    def answer(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=broken[request.path]) if request.path in broken else None

    async with opened(source_answer=answer) as app:
        await app.press("3", "enter")
        await app.sees("The repositories cannot be listed", "ctrl+r  try again", "esc Back")
        assert "Nothing here yet" not in app.text
        del broken["/v2/_catalog"]
        await app.press("ctrl+r")
        await app.sees("(all repositories)", "library")
        app.screen.open_repository("library/redis")
        await app.sees("The tags cannot be read", "give the account permission")
        await app.press("escape")
        await app.sees("library/redis", "library/nginx")
        broken.clear()
        app.screen.open_repository("library/redis")
        await app.sees("7.2.4")


async def test_the_line_of_keys_offers_what_can_be_done_where_one_is() -> None:
    async with opened() as app:
        await app.press("3")
        await app.sees("Endpoints (2)", "enter Open")
        assert not [word for word in ("Pattern", "Selected", "Details", "Copy", "Back") if f" {word}" in app.text[-80:]]
        await app.browse()
        await app.press("space")
        await app.sees("p Pattern", "b Selected", "esc Back", "4 plan where it goes")
