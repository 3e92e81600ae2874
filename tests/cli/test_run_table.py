"""The list of runs as text, and plans that would do nothing."""

from __future__ import annotations

from typing import Any

from tui.cli.run_table import run_table


def run(name: str, state: str, exit_code: int | None, rules_failed: int = 0, **tasks: int) -> dict[str, Any]:
    counts = {"total": sum(tasks.values()), **tasks}
    rules = {"total": 1, "failed": rules_failed}
    return {"run": name, "state": state, "exit": exit_code, "seconds": 4.4, "tasks": counts, "rules": rules}


def test_the_columns_are_aligned_below_their_titles() -> None:
    lines = run_table(
        [
            run("20261121-142420-with-failures", "ended", 1, 1, done=2, failed=3),
            run("20261121-142144-demo", "ended", 0, done=30),
            run("20261121-142000-copy", "ended", 1, 1),
            run("20261121-141900-empty", "planned", None),
            {"run": "broken", "state": "unreadable", "seconds": 0, "tasks": {}, "message": "file is not a database"},
        ]
    ).splitlines()
    assert lines[0].split() == ["RUN", "STATE", "TOOK", "OUTCOME"]
    at = lines[0].index("OUTCOME")
    assert {line[at - 1] for line in lines} == {" "}
    assert [line[at:] for line in lines[1:]] == [
        "2 done, 3 failed, 1 rule failed",
        "30 done",
        "1 rule failed",
        "no tasks",
        "file is not a database",
    ]
    assert [line.split()[1] for line in lines[1:]] == ["failures", "done", "failures", "planned", "unreadable"]
