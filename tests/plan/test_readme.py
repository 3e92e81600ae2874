"""The examples of the README mean what it says they mean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui.oci.reference import Repository
from tui.plan.expand import pairs_of
from tui.plan.model import TagSelection
from tui.plan.selection import narrow
from tui.plan.toml_file import format_plan, parse_plan

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PLANS = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
LISTED = re.search(r"Of the tags `([^`]+)`", README)


def table(heading: str) -> list[tuple[str, ...]]:
    """Return the cells, without their backquotes, of the table with this heading."""
    rows = README.partition(heading)[2].partition("\n\n")[0].splitlines()[2:]
    cells = [re.split(r"(?<!\\) ?\| ?", row.strip("| ")) for row in rows]
    return [tuple(cell.strip("` ").replace("\\|", "|") for cell in row) for row in cells]


SELECTIONS = table("| `tags = ` | takes |")
NAMES = table("| `source` | `target` | becomes |")


def test_there_are_examples() -> None:
    assert PLANS
    assert LISTED
    assert len(SELECTIONS) > 5
    assert len(NAMES) > 3


@pytest.mark.parametrize("text", PLANS)
def test_plans_are_plans_and_round_trip(text: str) -> None:
    whole = text if text.startswith("version") else f"version = 1\n{text}"  # some show a table alone
    plan = parse_plan(whole, Path("readme.toml"))
    again = parse_plan(format_plan(plan), Path("readme.toml"))
    assert (again.options, [str(rule) for rule in again.rules]) == (plan.options, [str(rule) for rule in plan.rules])
    assert [(rule.tags, rule.repositories, rule.artifacts) for rule in again.rules] == [
        (rule.tags, rule.repositories, rule.artifacts) for rule in plan.rules
    ]


@pytest.mark.parametrize(("tags", "takes"), SELECTIONS)
def test_selections(tags: str, takes: str) -> None:
    assert LISTED
    text = f'version = 1\n[[rule]]\nsource = "h.example.com/a/b"\ntarget = "t.example.com/a/b"\ntags = {tags}\n'
    (rule,) = parse_plan(text, Path("readme.toml")).rules
    assert rule.tags != TagSelection()
    assert list(narrow(rule.tags, LISTED[1].split()).tags) == takes.split()


@pytest.mark.parametrize(("source", "target", "becomes"), NAMES)
def test_names(source: str, target: str, becomes: str) -> None:
    text = f'version = 1\n[[rule]]\nsource = "{source}"\ntarget = "{target}"\n'
    (rule,) = parse_plan(text, Path("readme.toml")).rules
    (pair,) = pairs_of(rule, Repository("harbor.example.com", "shop/web/front"), ["1.20.1"])
    assert str(pair.target) == becomes
