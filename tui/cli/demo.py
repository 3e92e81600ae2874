"""`regferry demo`: two embedded registries with sample images, and a migration between them."""

from __future__ import annotations

import sys
from typing import Any

import click

from tui.cli.options import json_option

_SLOW = 4_000_000
_SLOW_SCALE = 2


@click.command()
@click.option("--headless", is_flag=True, help="Run the migration here, as without a terminal, and open no app.")
@click.option("--slow", is_flag=True, help="Make it last, as over a narrow link.")
@json_option
def demo(headless: bool, slow: bool, as_json: bool) -> int:
    """Start two embedded registries, one with sample images, and migrate from one to the other."""
    from tui.cli.foreground import in_loop, print_outcome

    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if at_terminal and not headless and not as_json:
        from tui.cli.terminal_app import open_demo

        return open_demo(slow=slow)
    folders: list[Any] = []
    code = in_loop(lambda: _migrate(slow, as_json, folders))
    print_outcome(folders[0], as_json=as_json)
    return code


async def _migrate(slow: bool, as_json: bool, folders: list[Any]) -> int:
    from tui.cli.foreground import warn
    from tui.cli.progress import shown
    from tui.demo.registry import EmbeddedRegistry
    from tui.demo.samples import load_samples
    from tui.demo.storage import MemoryStorage
    from tui.endpoints.locations import state_dir
    from tui.engine.logins import LoginSources
    from tui.engine.runner import make_run, work_on
    from tui.plan.model import Plan
    from tui.plan.rule_text import make_rule

    speed = _SLOW if slow else 0
    async with (
        EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed) as source,
        EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed) as target,
    ):
        await load_samples(source, _SLOW_SCALE if slow else 1)
        if not as_json:
            click.echo(f"from {source.address} to {target.address}, both embedded and gone when this ends", err=True)
        rule = make_rule(f"{source.address}/*", f"{target.address}/mirror/{{path}}")
        logins = LoginSources()
        folder = make_run(state_dir(), Plan("demo", (rule,)), {"logins": logins.to_document(), "log": ""})
        folders.append(folder)
        opened = logins.opened(ask=None, warn=warn)
        async with opened as (reading, writing), shown(folder.journal, quiet=as_json):
            return await work_on(folder, reading, writing)
