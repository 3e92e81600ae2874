"""A journal of many tasks, and a process that moves ten of them four times a second, as a real run would.

    python -m tests.bench.watching.journal make FOLDER TASKS
    python -m tests.bench.watching.journal work FOLDER

`work` holds the run's lock as the process of a run does, until it is killed.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path

from tui.engine.journal.writer import JournalWriter
from tui.engine.logins import LoginSources
from tui.engine.runs import RunFolder
from tui.plan.model import Plan, to_document
from tui.plan.rule_text import make_rule

ACTIVE = 10
UPDATES_PER_SECOND = 4
SOURCE, TARGET = "harbor.example.com", "registry.cn-beijing.example.com"
SIZE = 400_000_000
DIGEST = "sha256:" + "a" * 64
SHARED = 20


def make(folder: Path, tasks: int) -> RunFolder:
    """Return a new run with `tasks` tasks: some done, some unchanged, a few failed, the rest to be executed."""
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    plan = Plan("bench", (make_rule(f"{SOURCE}/*", f"{TARGET}/mirror/{{path}}"),))
    meta = {"plan": to_document(plan), "created": time.time(), "logins": LoginSources().to_document(), "log": ""}
    writer = JournalWriter.create(run.journal, meta)
    writer.add_rules([(1, str(plan.rules[0]), "")])
    writer.rule(1, state="done")
    for number in range(1, tasks + 1):
        _add(writer, number, tasks)
    writer.progress(phase="execute", state="running", concurrency=ACTIVE)
    writer.close()
    return run


def _add(writer: JournalWriter, number: int, tasks: int) -> None:
    state = "pending"
    if number <= tasks // 4:
        state = "failed" if number % 500 == 0 else "unchanged" if number % 5 == 0 else "done"
    path, tag = f"svc-{number // 8:06d}/image", f"1.{number % 40}.{number}"
    writer.add_task(
        {
            "id": number,
            "rule_id": 1,
            "source_registry": SOURCE,
            "source_path": path,
            "source_reference": tag,
            "target_registry": TARGET,
            "target_path": f"mirror/{path}",
            "target_reference": tag,
            "state": state,
            "phase": "execute",
            "root": DIGEST,
            "pinned": DIGEST,
            "bytes_total": SIZE,
            "bytes_done": SIZE if state == "done" else 0,
            "error_class": "DENIED" if state == "failed" else "",
            "message": f"{SOURCE}/{path}:{tag}: denied" if state == "failed" else "",
        }
    )
    for layer in (f"sha256:{number % SHARED:064x}", f"sha256:{number:064x}"):
        writer.placement(TARGET, f"mirror/{path}", layer, SIZE // 2, "uploaded" if state == "done" else "need")


async def work(folder: Path) -> None:
    """Move ten tasks until cancelled."""
    run = RunFolder(folder)
    with run.locked():
        writer = JournalWriter.open(run.journal)
        writer.begin_session()
        first = writer._connection.execute("SELECT min(id) FROM task WHERE state = 'pending'").fetchone()[0]
        active = range(first, first + ACTIVE)
        for number in active:
            writer.task(number, state="running", attempts=1, started=time.time())
        committing = asyncio.create_task(writer.keep_committing())
        done = dict.fromkeys(active, 0)
        moved, dice = 0, random.Random(7)
        try:
            while True:
                await asyncio.sleep(1 / UPDATES_PER_SECOND)
                for number in active:
                    count = int(dice.uniform(2e6, 9e6) / UPDATES_PER_SECOND)
                    done[number] = (done[number] + count) % SIZE
                    moved += count
                    writer.task(number, bytes_done=done[number])
                writer.progress(state="running", bytes_read=moved, bytes_written=moved, requests_target=moved // 99)
                writer.heartbeat()
        finally:
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
            writer.close()


def main() -> None:
    verb, folder = sys.argv[1], Path(sys.argv[2])
    if verb == "make":
        make(folder, int(sys.argv[3]))
    else:
        asyncio.run(work(folder))


if __name__ == "__main__":
    main()
