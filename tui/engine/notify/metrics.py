"""Figures of the last run of a plan for node_exporter's textfile collector, in Prometheus' text format 0.0.4.

Names and units follow prometheus.io, "Metric and label naming"; all are gauges, since each run replaces the last.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui import __version__
from tui.engine.outcome import WELL
from tui.plan.text_file import write_text

_SUCCESS = "regferry_run_success_timestamp_seconds"
_VALUE = re.compile(r"[0-9]+(?:\.[0-9]+)?")

Sample = tuple[Mapping[str, str], float]


def write_metrics(path: Path, report: Mapping[str, Any], plan: str, code: int) -> None:
    """Replace the file in one step by the figures of a run (`tui.engine.report.document`). Raises OSError.

    The time of the last success stays when this run was none.
    """
    before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    write_text(path, metrics_text(report, plan, code, ended=time.time(), before=before))


def metrics_text(report: Mapping[str, Any], plan: str, code: int, *, ended: float, before: str = "") -> str:
    """Return the text of the file; `before` is what it was."""
    success = ended if code == WELL else _success(before, plan)
    own = {"plan": plan}
    tasks: list[Sample] = [
        ({**own, "state": state}, count) for state, count in report["tasks"].items() if state != "total"
    ]
    moved: list[Sample] = [({**own, "kind": kind}, count) for kind, count in report["bytes"].items()]
    requests: list[Sample] = [({**own, "side": side}, count) for side, count in report["requests"].items()]
    families: list[tuple[str, str, list[Sample]]] = [
        ("regferry_build_info", "The version that ran; always 1.", [({"version": __version__}, 1)]),
        ("regferry_run_exit_code", "Exit code of the last run; 0 is all well.", [(own, code)]),
        ("regferry_run_end_timestamp_seconds", "When the last run ended.", [(own, ended)]),
        (_SUCCESS, "When the last run that went well ended.", [(own, success)] if success else []),
        ("regferry_run_duration_seconds", "How long the last run was at work.", [(own, report["seconds"])]),
        ("regferry_run_tasks", "Tasks of the last run by the state they ended in.", tasks),
        ("regferry_run_failed_rules", "Rules that could not be turned into tasks.", [(own, report["rules"]["failed"])]),
        ("regferry_run_bytes", "Bytes of blobs read, written, mounted at the target, and there before.", moved),
        ("regferry_run_requests", "Requests to either side.", requests),
        ("regferry_run_retried_requests", "Requests that were tried again.", [(own, report["attempts"]["retried"])]),
    ]
    return "".join(line for family in families for line in _lines(*family))


def _lines(name: str, words: str, samples: list[Sample]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {words}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        yield (
            f"{name}{_labels(labels)} {value:.3f}\n"
            if isinstance(value, float)
            else f"{name}{_labels(labels)} {value}\n"
        )


def _labels(labels: Mapping[str, str]) -> str:
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _success(before: str, plan: str) -> float | None:
    head = f"{_SUCCESS}{_labels({'plan': plan})} "
    for line in before.splitlines():
        if line.startswith(head) and _VALUE.fullmatch(line[len(head) :]):
            return float(line[len(head) :])
    return None
