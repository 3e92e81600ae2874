"""Selecting in the lists: the basket is the truth, the marks follow it."""

from __future__ import annotations

from tests.app.screens.browsing import Opened, opened
from tui.app.basket import EVERY_TAG
from tui.plan.model import TagSelection


def marks(app: Opened, level: str) -> list[str]:
    return [str(key) for key in app.screen.tables[level].marks]


async def test_a_tag_a_repository_and_a_project_can_be_marked() -> None:
    async with opened() as app:
        await app.sees("Home")
        await app.browse()
        await app.open_repository("team/app")
        await app.press("j", "space")
        assert app.basket.tags == {"team/app": ["1.4.2"]}
        await app.press("escape", "escape")
        await app.until(lambda: app.screen.level == "projects")
        app.screen.tables["projects"].go_to("library")
        await app.press("space")
        assert sorted(app.basket.repositories) == ["library/base", "library/nginx", "library/redis"]
        assert marks(app, "projects") == ["library"]
        await app.until(lambda: app.basket.tally().bytes_known)
        await app.sees("4 repositories, 15 tags")


async def test_marks_survive_moving_around() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("library/nginx")
        await app.press("space", "space")
        chosen = list(app.basket.tags["library/nginx"])
        await app.open_repository("team/app")
        assert marks(app, "tags") == []
        await app.press("1")
        await app.press("3")
        await app.open_repository("library/nginx")
        assert marks(app, "tags") == chosen
        await app.press("a")
        assert app.basket.repositories == {"library/nginx": EVERY_TAG}
        await app.press("a")
        assert app.basket.empty


async def test_a_repository_in_part_becomes_whole_and_then_none() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("library/nginx")
        await app.press("space", "escape")
        await app.sees("1 tag")
        assert marks(app, "repositories") == []
        app.screen.tables["repositories"].go_to("library/nginx")
        await app.press("space")
        await app.sees("all tags")
        app.screen.tables["repositories"].go_to("library/nginx")
        await app.press("space")
        assert app.basket.empty


async def test_tags_are_selected_by_pattern_with_the_count_as_one_types() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        await app.press("p")
        await app.sees("Select tags by pattern: team/app", "6 of 6 tags")
        await app.type("1.*")
        await app.sees("4 of 6 tags")
        await app.press("tab")
        await app.type("*-rc*")
        await app.sees("3 of 6 tags", "1.4.2, 1.4.1, 1.3.0")
        await app.press("tab", "tab", "tab")
        await app.type("x")
        await app.sees("a whole number of at least 1 is needed")
        await app.press("enter", "backspace", "2")
        await app.sees("2 of 6 tags")
        await app.press("enter")
        assert app.basket.repositories == {"team/app": TagSelection(("1.*",), ("*-rc*",), newest=2)}
        assert marks(app, "tags") == ["1.4.1", "1.4.2"]
        await app.press("escape")
        await app.sees("2 by pattern")


async def test_a_pattern_for_marked_repositories_lists_their_tags_for_the_count() -> None:
    async with opened() as app:
        await app.browse()
        app.screen.tables["projects"].go_to("library")
        await app.press("enter")
        await app.press("a", "p")
        await app.sees("3 repositories")
        await app.type("*latest*")
        await app.sees("3 of ")
        await app.press("enter")
        await app.until(lambda: app.basket.tally().tags == 3)


async def test_one_mark_off_a_pattern_leaves_the_other_tags() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        app.basket.clear(app.screen.shelf.endpoint)
        app.basket.listed.update(app.screen.shelf.listed)
        app.basket.take_repositories(["team/app"], TagSelection(include=("1.4.*",)))
        app.screen.basket_changed()
        app.screen.tables["tags"].go_to("1.4.1")
        await app.press("space")
        assert app.basket.tags == {"team/app": ["1.4.2"]}


async def test_another_registry_asks_before_it_takes_the_selection() -> None:
    async with opened() as app:
        await app.browse()
        await app.press("space")
        await app.until(lambda: len(app.basket.repositories) == 8)
        await app.press("escape", "j", "enter")
        await app.until(lambda: app.screen.shelf.endpoint.name == "target" and app.screen.shelf.complete)
        app.screen._repositories_found(app.screen.shelf.add(["team/here"]))
        await app.sees("team")
        await app.press("space")
        await app.sees("Begin a new selection here?")
        await app.press("n")
        assert (app.basket.source.name, len(app.basket.repositories)) == ("source", 8)
        assert marks(app, "projects") == []
        await app.press("space")
        await app.sees("Begin a new selection here?")
        await app.press("y")
        assert (app.basket.source.name, list(app.basket.repositories)) == ("target", ["team/here"])


async def test_the_basket_can_be_looked_at_and_emptied() -> None:
    async with opened() as app:
        await app.browse()
        await app.sees("Nothing selected yet")
        await app.press("space")
        await app.until(lambda: app.basket.tally().bytes_known)
        await app.press("b")
        await app.sees("Selected (8)", "all tags", "8 repositories, 30 tags")
        await app.press("x")
        await app.sees("Selected (7)")
        assert "charts/web" not in app.basket.repositories
        await app.press("X")
        await app.sees("Take everything out")
        await app.press("y")
        await app.sees("Nothing is selected")
        await app.press("escape")
        await app.sees("Nothing selected yet")


async def test_from_the_basket_to_the_plan() -> None:
    async with opened() as app:
        await app.browse()
        await app.press("space", "b", "p")
        await app.sees("Preview, not checked yet")


async def test_the_latest_are_found_from_what_is_on_the_screen_or_left_to_the_check() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        await app.press("p")
        await app.sees("Select tags by pattern: team/app")
        fields = {name: app.screen.query_one(f"#field-{name}") for name in ("include", "newest", "newest_by", "labels")}
        fields["include"].value, fields["newest"].value, fields["newest_by"].value = "1.4.*", "1", "time"
        await app.sees("1 of 6 tags", "6 tags → 2 match → 1 newest")
        fields["labels"].value = "prod, tested"
        await app.sees("at most 2 of 6 tags; the check asks for their labels and ages")
        await app.press("enter")
        selection = TagSelection(include=("1.4.*",), newest=1, labels=("prod", "tested"), newest_by="time")
        assert app.basket.repositories == {"team/app": selection}
        assert app.basket.chosen("team/app") is None
        assert not app.basket.tally().tags_known


async def test_an_age_that_is_none_is_said_as_one_types() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        await app.press("p")
        await app.sees("Select tags by pattern: team/app")
        app.screen.query_one("#field-newer_than").value = "soon"
        await app.sees("'soon' is neither an age like '90d' nor a date")
        app.screen.query_one("#field-newer_than").value = "1970-01-02"
        await app.sees("of 6 tags")


async def test_of_several_repositories_those_are_taken_whose_paths_pass() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("library/nginx")
        await app.press("escape")
        paths = [str(key) for key in app.screen.source("repositories").keys]
        library = [path for path in paths if path.startswith("library/")]
        await app.press("a", "p")
        await app.sees("Select tags by pattern")
        names = ("repositories", "not_repositories", "include")
        fields = {name: app.screen.query_one(f"#field-{name}") for name in names}
        fields["repositories"].value = "library/*"
        await app.sees(f"{len(library)} of {len(paths)} repositories")
        fields["not_repositories"].value = "*/nginx"
        await app.sees(f"{len(library) - 1} of {len(paths)} repositories")
        fields["repositories"].value = "nowhere/*"
        await app.sees(f"none of the {len(paths)} repositories is taken")
        fields["repositories"].value, fields["include"].value = "library/*", "1.*"
        await app.sees(f"{len(library) - 1} of {len(paths)} repositories")
        await app.press("enter")
        await app.until(lambda: type(app.screen).__name__ == "Browse")
        expected = {path: TagSelection(include=("1.*",)) for path in library if path != "library/nginx"}
        assert app.basket.repositories == expected
        assert sorted(marks(app, "repositories")) == sorted(expected)
