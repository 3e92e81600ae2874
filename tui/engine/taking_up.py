"""What earlier processes of a run reached, taken up from its journal by the next."""

from __future__ import annotations

from tui.engine.blob_work import SavedUpload
from tui.engine.context import RunContext
from tui.engine.journal.reader import JournalReader
from tui.engine.placements import THERE
from tui.engine.recorder import Recorder
from tui.engine.retry import MENDED_HERE
from tui.engine.schedule import BlobNeed
from tui.engine.tasks import FINAL, Failure, Task
from tui.oci.place import is_place
from tui.oci.reference import Repository


def take_up(run: RunContext, recorder: Recorder, reader: JournalReader, *, failed_too: bool) -> set[int]:
    """Load what earlier processes reached and return the rules to expand; what was under way is pending again.

    What failed is tried once more if a person had to mend something on this machine for it, else with `failed_too`.
    """

    def again(failure: Failure | None) -> bool:
        return failure is not None and (failed_too or failure.error_class in MENDED_HERE)

    for row in reader.placements():
        # A disk is cheap to ask again, and a power failure may have taken from it what the journal has.
        if row["state"] in THERE and not is_place(row["registry"]):
            run.placements.add(Repository(row["registry"], row["path"]), row["digest"])
    for row in reader.uploads():
        saved = SavedUpload(row["location"], row["bytes_done"])
        run.saved_uploads[Repository(row["registry"], row["path"]), row["digest"]] = saved
    for row in reader.tasks():
        task = Task.from_row(row)
        run.tasks[task.id] = task
        if again(task.failure) or task.state not in FINAL:
            _need_again(run, task)
            recorder.task_returned(task)
    rules = set()
    for row in reader.rules():
        failure = Failure.from_row(row)
        if row["state"] == "pending" or again(failure):
            rules.add(row["id"])
        elif failure is not None:
            run.rule_failures[row["id"]] = failure
    return rules


def _need_again(run: RunContext, task: Task) -> None:
    tree = run.manifests.stored_tree(task.source.repository, task.root) if task.resolved else None
    if tree is None:
        task.root = ""
        return
    repository = task.target.repository
    for blob in run.blobs_for(task, tree):
        if not run.placements.has(repository, blob.digest):
            need = BlobNeed(repository, blob.digest, blob.size, task.source.repository)
            run.needs.setdefault((repository, blob.digest), need)
