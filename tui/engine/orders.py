"""Orders that arrive through the journal's `control` table while a run is under way."""

from __future__ import annotations

from collections.abc import Iterable

from tui.engine.context import RunContext
from tui.engine.recorder import Recorder
from tui.oci.saying import N_, phrase

MOST_COPIES = 256


class Orders:
    """Obeys `pause`, `resume`, `stop`, `concurrency N`, `limit BYTES,REQUESTS`, `retry IDS` and `skip IDS`.

    Limits are a second, 0 for none; ids are those of tasks, with commas between.
    """

    def __init__(self, run: RunContext, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder

    def obey(self, orders: Iterable[tuple[str, str]]) -> None:
        """Carry out (verb, argument) orders; one we do not understand is noted and changes nothing."""
        for verb, argument in orders:
            try:
                self._obey(verb, argument)
            except ValueError as error:
                self._run.journal.event(
                    "notice", phrase("the order {verb!r} was not understood: {error}", verb=verb, error=error)
                )

    def _obey(self, verb: str, argument: str) -> None:
        control = self._run.control
        match verb:
            case "pause":
                control.pause()
                self._recorder.state("paused")
            case "resume":
                control.resume()
                self._recorder.state("running")
            case "stop":
                control.stop()
                self._recorder.state("stopping")
            case "concurrency":
                control.copies.limit = min(MOST_COPIES, int(argument))
                self._run.journal.progress(concurrency=control.copies.limit)
            case "limit":
                rate, requests = _numbers(argument)
                self._run.registries.limit(bytes_per_second=max(0, rate), requests_per_second=max(0, requests))
            case "retry":
                self._run.asked_again.update(_numbers(argument))
            case "skip":
                self._skip(_numbers(argument))
            case _:
                raise ValueError("there is no such order")

    def _skip(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            task = self._run.tasks.get(number)
            if task is not None and task.state in ("pending", "failed"):
                self._recorder.task_ended(task, "skipped", note=N_("skipped on request"))


def _numbers(argument: str) -> list[int]:
    return [int(number) for number in argument.split(",")]
