"""The last step of an export to a tar: what was written beside it is packed when nothing is missing."""

from __future__ import annotations

import asyncio

from tui.engine import outcome
from tui.engine.context import RunContext
from tui.engine.control import StopRequested
from tui.engine.recorder import Recorder
from tui.oci.errors import RegistryError
from tui.oci.place import is_archive, name_of, path_of
from tui.oci.saying import N_, phrase

PACKING = N_("packing the tar")
"""What the journal says of the run meanwhile."""


async def packed(run: RunContext, recorder: Recorder, code: int) -> int:
    """Pack the tars that a run which ended with `code` writes to, if all went well, and return the exit code then.

    Raises StopRequested.
    """
    for place in sorted({task.target.registry for task in run.tasks.values() if is_archive(task.target.registry)}):
        from tui.oci.layout.working import finish, working_folder

        tar = path_of(place)
        folder = working_folder(tar)
        if not folder.exists():
            continue
        if code != outcome.WELL:
            words = phrase(
                "{name_of} is packed when nothing is missing; until then its content is in {folder}",
                name_of=name_of(place),
                folder=folder,
            )
            run.journal.event("notice", words)
            continue
        recorder.state("running", PACKING)
        try:
            await run.registries.let_go(place)
            made = await asyncio.to_thread(finish, tar, run.plan.options.split, lambda done, size: _heed_stop(run))
        except RegistryError as error:
            words = phrase("{words}; {hint}", words=error, hint=error.hint) if error.hint else str(error)
            run.journal.event(
                "notice",
                phrase("the tar is not packed: {words}; 'regferry runs resume' goes on with it", words=words),
            )
            return outcome.LOCAL
        if made is not None:
            names = made.parts[0].name if len(made.parts) == 1 else f"{made.parts[0].name} to {made.parts[-1].name}"
            run.journal.event(
                "notice",
                phrase("packed into {names} in {parent}: {size} bytes", names=names, parent=tar.parent, size=made.size),
            )
    return code


def _heed_stop(run: RunContext) -> None:
    if run.control.stopping:
        raise StopRequested
