"""What a run is going to do, as far as generate found out, before a byte is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tui.engine.funnels import funnels
from tui.engine.journal.reader import JournalReader
from tui.engine.report import failures, findings, names
from tui.engine.room import rooms


def forecast(reader: JournalReader) -> dict[str, Any]:
    """Return every task with what will happen to it, the sums, the bytes to move and to save, and the funnels.

    `action` of a task is `new`, `overwrite`, `add` where only what `adds` counts is brought to an image that is there,
    or the state it ended in already. A task has more where there is more to say: `kind` and `type` of what is no image,
    `attached` (how many of each kind refer to it), `kept` and `dropped` platforms with `target_digest`, `backup` for
    the name of what it replaces. `artifacts` counts all of it by kind, `disks` says of places on a disk how much is to
    be written there and how much room there is. `bytes` are those of all tasks, those to move through this machine, and
    those of the images that a Harbor is to copy.
    """
    tasks = []
    details = reader.details()
    kinds: Counter[str] = Counter()
    for row in reader.tasks():
        source, target = names(row)
        detail = details.get(row["id"], {})
        does = action(row, detail)
        task = {"source": source, "target": target, "action": does, "digest": row["pinned"]}
        task |= {"bytes": row["bytes_total"], "message": row["message"], **detail}
        if "dropped" in detail:
            task["target_digest"] = row["root"]
        tasks.append(task)
        if does in ("new", "overwrite") and detail.get("kind") != "referrers":
            kinds.update([detail.get("kind", "image")])
            kinds.update(detail.get("attached", {}))
        elif does == "add":
            kinds.update(detail["adds"])
    actions = [task["action"] for task in tasks]
    to_move = reader.bytes_to_move()
    return {
        "summary": {"total": len(tasks), **{name: actions.count(name) for name in dict.fromkeys(actions)}},
        "artifacts": dict(sorted(kinds.items(), key=lambda each: (-each[1], each[0]))),
        "bytes": {"tasks": sum(task["bytes"] for task in tasks), "to_move": to_move, "by_harbor": reader.handed()[1]},
        "disks": [room.document() for room in rooms(reader)],
        "rules": [funnel.document() for funnel in funnels(reader)],
        "tasks": tasks,
        "findings": findings(reader),
        "failed": [failed.document() for failed in failures(reader)],
    }


def action(row: Any, detail: Mapping[str, Any]) -> str:
    """Return what will happen to a task, given its journal row and what was found out about it."""
    if row["state"] != "pending":
        return str(row["state"])
    if detail.get("adds"):
        return "add"
    return "overwrite" if row["replaces"] else "new"
