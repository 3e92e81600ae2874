"""The table [replication] of a plan file, and the same in a run's journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.plan.errors import PlanFileError
from tui.plan.model import Plan, Rule, from_document, to_document
from tui.plan.replication import Replication, harbor_among
from tui.plan.toml_file import format_plan, parse_plan

HERE = Path("plan.toml")
RULES = (Rule("harbor.example.com", "team/*", "acr.example.com/{path}"),)
HOW = Replication(
    "harbor.example.com", labels=("stable", "eu"), trigger="scheduled", cron="0 0 3 * * *", speed=100, chunks=True
)


@pytest.mark.parametrize("how", [None, Replication("harbor.example.com"), HOW])
def test_goes_through_the_file_and_the_journal(how: Replication | None) -> None:
    plan = Plan("p", RULES, replication=how)
    read = parse_plan(format_plan(plan), HERE)
    assert read.replication == how
    assert from_document(json.loads(json.dumps(to_document(plan)))) == plan


def test_a_run_of_an_earlier_version_has_none() -> None:
    document = to_document(Plan("p", RULES))
    del document["replication"]
    assert from_document(document).replication is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('harbour = "x"', "did you mean 'harbor'"),
        ('trigger = "daily"', "one of manual, scheduled, event_based"),
        ('resource = "chart"', "one of"),
        ("speed = -1", "at least 0"),
        ("speed = true", "a whole number"),
        ('labels = "x"', "a list of strings"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        parse_plan(f"version = 1\n[replication]\n{text}\n", HERE)
    assert said in f"{caught.value} {caught.value.hint}"
    assert caught.value.line == 3


def test_the_harbor_is_the_first_that_is_known_as_one() -> None:
    assert harbor_among(["a", "b", "c"], ["c", "b"]) == "b"
    assert harbor_among(["a"], []) == ""
