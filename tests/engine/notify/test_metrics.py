"""The file for Prometheus, held against the parser of its own client library."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.engine.notify.test_webhook import report
from tui.engine.notify.metrics import metrics_text, write_metrics

_UNITS = ("_seconds", "_bytes", "_info", "_code", "_tasks", "_rules", "_requests")


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_family_is_well_named_and_has_its_words() -> None:
    families = list(text_string_to_metric_families(metrics_text(report(), "nightly", 0, ended=1000.5)))
    assert len(families) == 10
    for family in families:
        assert family.type == "gauge"
        assert family.documentation
        assert family.samples
        assert re.fullmatch(r"regferry_[a-z_]+", family.name)
        assert family.name.endswith(_UNITS)


def test_the_figures_are_those_of_the_report() -> None:
    found = samples(metrics_text(report(), "nightly", 3, ended=1000.5))
    plan = ("plan", "nightly")
    assert found["regferry_run_exit_code", (plan,)] == 3
    assert found["regferry_run_tasks", (plan, ("state", "done"))] == 2
    assert found["regferry_run_bytes", (("kind", "written"), plan)] == 1024
    assert found["regferry_run_requests", (plan, ("side", "target"))] == 5
    assert found["regferry_run_end_timestamp_seconds", (plan,)] == 1000.5
    assert found["regferry_run_duration_seconds", (plan,)] == 65
    assert not any(name == "regferry_run_success_timestamp_seconds" for name, _ in found)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_name_of_a_plan_comes_through(plan: str) -> None:
    text = metrics_text(report(), plan.replace("\r", ""), 0, ended=1.0)
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    names = {sample.labels["plan"] for sample in found if "plan" in sample.labels}
    assert names == {plan.replace("\r", "")}


def test_the_last_success_outlives_failures(tmp_path: Path) -> None:
    path = tmp_path / "regferry.prom"
    key = ("regferry_run_success_timestamp_seconds", (("plan", 'a "plan"'),))
    write_metrics(path, report(), 'a "plan"', 0)
    success = samples(path.read_text())[key]
    write_metrics(path, report(), 'a "plan"', 1)
    assert samples(path.read_text())[key] == success
    write_metrics(path, report(), "another", 1)
    assert key not in samples(path.read_text())


def test_node_exporter_can_read_it_and_sees_no_half(tmp_path: Path) -> None:
    path = tmp_path / "regferry.prom"
    write_metrics(path, report(), "nightly", 0)
    assert path.stat().st_mode & 0o044 == 0o044
    assert [each.name for each in tmp_path.iterdir()] == ["regferry.prom"]
