"""A run that fails in several ways, read in Chinese: our words in Chinese, those of the registries as they are."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from tests.app.screens.running import app_on, make, registries, run_to, sees, until
from tui.app.screens.run.failures import FailureTable
from tui.engine.journal.reader import JournalReader
from tui.plan.rule_text import make_rule

SAID = "requested access [red]to the resource[/red] is denied"


async def test_reasons_are_chinese_and_what_a_registry_says_stays_as_it_is() -> None:
    async with registries() as both:
        deny = both.target.intercept
        both.refused.add("mirror/library")

        async def refuse(request: web.BaseRequest) -> web.StreamResponse | None:
            if request.method == "POST" and "mirror/legacy" in request.path:
                error = {"code": "SIZE_TOO_LARGE", "message": "body of 7 bytes"}
                return web.json_response({"errors": [error]}, status=413)
            return await deny(request) if deny else None

        both.target.intercept = refuse
        missing = make_rule(f"{both.source.address}/team/app:9.9.9", f"{both.target.address}/mirror/missing")
        plan = both.plan()
        folder = await make(replace(plan, rules=(*plan.rules, missing)))
        async with app_on(folder, size=(140, 40), language="zh_CN") as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            lines = [screen.rows.line(number) for number in screen.rows.numbers(frozenset({"failed"}))]
            messages = {line.error_class: line.message for line in lines if line}
            assert set(messages) == {"DENIED", "POLICY", "GONE"}
            assert f"：无法开始上传：{SAID}" in messages["DENIED"]
            assert messages["DENIED"].endswith("（403 DENIED）")
            assert "：无法开始上传：body of 7 bytes" in messages["POLICY"]
            assert "team/app:9.9.9：" in messages["GONE"]
            await pilot.press("F")
            await until(lambda: screen.query_one(FailureTable).row_count == 3)
            await sees(app, "为该账户授予此仓库的权限", "仓库前的代理限制了请求体大小", "：无法开")
        with JournalReader(folder.journal) as reader:
            english = {line.error_class: line.message for line in reader.lines_in("failed")}
        assert "cannot start an upload: requested access" in english["DENIED"]
