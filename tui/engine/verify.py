"""Looking whether the target has what a run put there."""

from __future__ import annotations

from typing import Any

from tui.engine.control import Gate
from tui.engine.generate import CHECKS_AT_ONCE
from tui.engine.journal.reader import JournalReader
from tui.engine.registries import Registries, Resolver
from tui.engine.tasks import Task
from tui.engine.work import for_each
from tui.oci.errors import RegistryError
from tui.oci.retry import RetryPolicy


async def verify_run(reader: JournalReader, target: Resolver) -> dict[str, Any]:
    """Compare the digest under every reference that a run left at the target with the one it put there.

    Returns `checked` (how many references), `same` (how many), `different` (target, expected, found, message) and
    `unknown` (target, message) for those the target gave no answer about. Existence and digest of the reference only:
    a registry that keeps its promises has everything below it.
    """
    tasks = [Task.from_row(row) for row in reader.tasks("done", "unchanged")]
    different: list[dict[str, str]] = []
    unknown: list[dict[str, str]] = []
    async with Registries(target, target, requests_at_once=CHECKS_AT_ONCE, retry=RetryPolicy()) as registries:

        async def compare(task: Task) -> None:
            name = str(task.target)
            try:
                client = await registries.target(task.target.repository)
                head = await client.head_manifest(task.target.repository, task.target.target)
            except RegistryError as error:
                unknown.append({"target": name, "message": str(error)})
                return
            found = head.digest if head else ""
            if found != task.root:
                message = f"has {found}" if head else "is missing"
                different.append({"target": name, "expected": task.root, "found": found, "message": message})

        await for_each(tasks, Gate(CHECKS_AT_ONCE), compare)
    for found in (different, unknown):
        found.sort(key=lambda entry: entry["target"])
    same = len(tasks) - len(different) - len(unknown)
    return {"checked": len(tasks), "same": same, "different": different, "unknown": unknown}
