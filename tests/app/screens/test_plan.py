"""From a selection to a run: names, options, the check, and starting it."""

from __future__ import annotations

from aiohttp import web

from tests.app.screens.browsing import Opened, opened
from tui.app.screens.planning.forecasting import Forecast, Task
from tui.app.screens.planning.preflight import samples
from tui.engine.runs import list_runs
from tui.oci.reference import Repository
from tui.plan.model import Options, Platform, TagSelection


async def plan(app: Opened, names: str = "") -> None:
    """Select everything and go to the plan, under other names if given."""
    await app.select_all()
    await app.press("4")
    await app.sees("Preview, not checked yet (30)")
    if names:
        app.draft.names = names
        app.screen.show_draft()


async def checked(app: Opened) -> None:
    await app.press("c")
    await app.until(lambda: app.screen.forecast is not None and not app.screen.checking)


async def test_without_a_selection_it_says_where_to_begin() -> None:
    async with opened() as app:
        await app.press("4")
        await app.sees("Nothing to plan yet", "browse a registry", "open a plan")
        assert "Check" not in app.text
        await app.press("escape")
        await app.sees("1 Home", "Guided migration")
        await app.press("3")
        await app.sees("Endpoints (2)")


async def test_the_only_other_endpoint_is_the_target() -> None:
    async with opened() as app:
        await plan(app)
        await app.sees("Target   target", "Source   source  8 repositories, 30 tags")
        await app.press("t")
        await app.sees("Copy to which endpoint? (2)")
        await app.press("k", "enter")
        assert app.draft.target is not None
        assert app.draft.target.name == "source"


async def test_the_rows_follow_the_names_as_one_types() -> None:
    async with opened() as app:
        await plan(app)
        await app.sees("charts/web:1.2.0")
        await app.press("n", "home")
        await app.type("mirror/")
        await app.sees("mirror/charts/web:1.2.0", f"{app.target.address}/mirror/charts/web:1.2.0")
        await app.press("end")
        await app.type("{")
        await app.sees("has a brace that is not part of", "! target")
        await app.press("backspace")
        await app.until(lambda: "brace" not in app.text)
        await app.press("enter")
        assert app.draft.names == "mirror/{path}"


async def test_names_that_make_one_of_two_are_said_before_anything_is_asked() -> None:
    async with opened() as app:
        await plan(app, "all/{project}")
        await app.sees("would be written twice, such as", "all/")


async def test_the_check_says_what_will_happen_and_writes_nothing() -> None:
    async with opened() as app:
        await plan(app, "mirror/{path}")
        await checked(app)
        await app.sees(
            "30 tasks", "30 new", "to move", "saved by sharing", "at an assumed 20.0 MB/s", "r starts the run"
        )
        await app.sees("push allowed to mirror")
        assert app.target.storage.repositories() == []


async def test_the_run_starts_and_is_shown() -> None:
    async with opened() as app:
        await plan(app, "mirror/{path}")
        await app.press("r")
        await app.sees("Check the plan first")
        await checked(app)
        await app.press("r")
        await app.until(lambda: type(app.screen).__name__ == "RunScreen")
        await app.until(lambda: "mirror/team/worker" in app.target.storage.repositories())
        await app.until(lambda: list_runs(app.app.session.state)[0].working() is None)
        await app.press("4")
        await app.sees("Preview, not checked yet")
        await checked(app)
        await app.sees("30 unchanged", "Nothing to do")
        await app.press("r")
        await app.sees("There is nothing to run")


async def test_what_the_target_has_is_unchanged_or_overwritten() -> None:
    async with opened() as app:
        body = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
        kind = "application/vnd.oci.image.index.v1+json"
        app.target.storage.put_manifest("team/app", body, kind, tags=["1.3.0"])
        await plan(app)
        await checked(app)
        await app.sees("1 overwrite, 29 new")
        app.screen.table.go_to(next(id for id, task in app.screen.forecast.tasks.items() if task.action == "overwrite"))
        await app.press("enter")
        await app.sees("Replaces", "sha256:")


async def test_another_draft_drops_the_check_and_its_folder() -> None:
    async with opened() as app:
        await plan(app)
        await checked(app)
        assert len(list_runs(app.app.session.state)) == 1
        await app.press("n", "home")
        await app.type("x/")
        await app.sees("Preview, not checked yet")
        await app.until(lambda: list_runs(app.app.session.state) == [])


async def test_a_single_target_can_be_edited_before_and_after_the_check() -> None:
    async with opened() as app:
        await plan(app)
        await app.press("e")
        await app.sees("Target of charts/web:1.2.0")
        await app.press(*["backspace"] * 60)
        await app.type(f"{app.target.address}/special/web")
        await app.sees("a tag is needed at the end")
        await app.type(":first")
        await app.press("enter")
        await app.sees("special/web:first")
        await checked(app)
        targets = {task.target for task in app.screen.forecast.tasks.values()}
        assert f"{app.target.address}/special/web:first" in targets
        assert len(targets) == 30
        assert f"{app.target.address}/charts/web:1.2.0" not in targets
        app.screen.table.go_to(next(id for id, task in app.screen.forecast.tasks.items() if "first" in task.target))
        await app.press("e", *["backspace"] * 60)
        await app.press("enter")
        await app.sees("Preview, not checked yet")
        assert app.draft.overrides == {}


async def test_options_are_checked_as_one_types_and_said_above_the_tasks() -> None:
    async with opened() as app:
        await plan(app)
        await app.press("o")
        await app.sees("At a time", "is overwritten")
        await app.press("backspace", "backspace")
        await app.type("0")
        await app.sees("At a time: a whole number of at least 1 is needed")
        await app.press("backspace", "4", "tab", "tab")
        await app.type("linux/arm64")
        await app.press("tab", "right")
        await app.sees("stays as it is", "another digest")
        await app.press("enter")
        await app.sees("4 at a time", "keep existing tags", "linux/arm64")
        assert app.draft.options == Options(concurrency=4, on_conflict="skip")
        assert app.draft.platforms == (Platform("linux", "arm64"),)


async def test_a_target_that_refuses_to_be_written_says_so_in_words() -> None:
    def read_only(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method != "POST":
            return None
        return web.json_response({"errors": [{"code": "DENIED", "message": "requested access is denied"}]}, status=403)

    async with opened(target_answer=read_only) as app:
        await plan(app, "mirror/{path}")
        await app.press("p")
        await app.sees("The target, step by step", "permission to push: failed", "requested access is denied")
        await app.press("escape")
        await app.sees("no permission to push to mirror")


async def test_a_namespace_that_is_missing_is_named() -> None:
    def no_project(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method != "POST":
            return None
        return web.json_response({"errors": [{"code": "NAME_UNKNOWN", "message": "project not found"}]}, status=404)

    async with opened((140, 40), target_answer=no_project) as app:
        await plan(app, "mirror/{path}")
        await app.press("p")
        await app.sees("mirror is not there: create the project or namespace first")


async def test_a_source_that_cannot_be_reached_is_an_error_and_no_forecast() -> None:
    async with opened() as app:
        await plan(app)
        app.source.intercept = _refuse
        await checked(app)
        await app.sees("failed")
        await app.press("r")
        await app.sees("There is nothing to run")


async def _refuse(request: web.BaseRequest) -> web.StreamResponse | None:
    return web.Response(status=403)


async def test_one_repository_is_tried_for_each_namespace() -> None:
    paths = ["a/x", "a/y", "b/x", "c", "d/x", "e/x"]
    assert [each.path for each in samples([Repository("r.example", path) for path in paths])] == [
        "a/x",
        "b/x",
        "c",
        "d/x",
    ]


def test_a_forecast_counts_every_task_once_however_often_it_changes() -> None:
    forecast = Forecast()
    task = Task(1, "s/a:1", "t/a:1", "a", "1", "checking", 0, "", "", "", "")
    forecast.take([task, task._replace(id=2)], 1)
    forecast.take([task._replace(action="new", size=100), task._replace(id=2, action="new", size=100)], 2)
    forecast.to_move = 100
    assert (forecast.counts["checking"], forecast.counts["new"], forecast.to_do) == (0, 2, 2)
    assert (forecast.tasks_size, forecast.saved) == (200, 100)
    forecast.take([task._replace(id=2, action="unchanged")], 3)
    assert (forecast.tasks_size, forecast.to_do) == (100, 1)


async def test_the_check_says_what_each_step_of_a_selection_left_and_what_goes_along() -> None:
    async with opened() as app:
        await app.browse()
        app.basket.clear(app.screen.shelf.endpoint)
        app.basket.take_repositories(["team/app"], TagSelection(include=("1.4.*",), newest=1))
        app.basket.take_tags("library/nginx", ["1.25"])
        app.draft.platforms = (Platform("linux", "amd64"),)
        app.draft.options = Options(on_conflict="backup", order="oldest-first")
        await app.press("4")
        await app.sees("back up existing tags, linux/amd64")
        await checked(app)
        await app.sees("6 tags → 2 match → 1 newest", "2 image, 1 sbom, 1 signature")
        await app.press("v")
        await app.sees("Selection, step by step", "included", "newest", "listed")
        await app.press("escape")
        tasks = app.screen.forecast.tasks
        app.screen.table.go_to(next(id for id, task in tasks.items() if task.path == "team/app"))
        await app.press("enter")
        await app.sees("Goes along", "1 sbom")
        await app.press("escape")
        app.screen.table.go_to(next(id for id, task in tasks.items() if task.path == "library/nginx"))
        await app.press("enter")
        await app.sees("Platforms", "Left out", "New digest")


async def test_backups_order_and_kinds_are_options() -> None:
    async with opened() as app:
        await plan(app)
        await app.press("o")
        await app.sees("Existing tags", "Moved tags", "Backup name", "Order", "Kinds")
        names = ("on_conflict", "on_drift", "backup", "order", "kinds")
        field = {name: app.screen.query_one(f"#field-{name}") for name in names}
        field["on_conflict"].value, field["backup"].value = "backup", "old"
        await app.sees("makes one name for all tags")
        field["backup"].value, field["kinds"].value = "{tag}-old", "images"
        await app.sees("did you mean 'image'")
        field["kinds"].value, field["order"].value = "image signature", "version"
        field["on_drift"].value = "latest"
        app.screen.look_again()
        await app.sees("such as 1.4 → 1.4-old", "is planned anew", "lowest versions first")
        await app.press("enter")
        await app.sees("back up existing tags", "moved")
        assert app.draft.options == Options(
            on_conflict="backup", backup="{tag}-old", on_drift="latest", order="version"
        )
        assert {rule.artifacts.include for rule in app.draft.plan(app.basket).rules} == {("image", "signature")}


async def test_while_names_are_typed_the_line_of_keys_says_how_to_leave() -> None:
    async with opened() as app:
        await plan(app)
        await app.press("n")
        await app.sees("fields: {path}", "enter Done  esc Back  f1 Keys")
        await app.press("escape")
        await app.sees("t Target", "? Keys")
        assert "fields:" not in app.text
