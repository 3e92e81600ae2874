"""How far a blob on its way is, told to every task that waits for it, whoever uploads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tui.engine.schedule import BlobNeed
from tui.engine.tasks import Task

_Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Share:
    """What one task was told of one blob."""

    task: Task
    size: int
    told: Callable[[Task, int], None]
    waiting: int = 0
    count: int = 0

    def stands(self, count: int) -> None:
        count = min(count, self.size)
        if count != self.count:
            self.told(self.task, count - self.count)
            self.count = count


class Shares:
    """Tells tasks of bytes through `told`; one that comes late hears of what was written before.

    A blob is uploaded once to a registry, by the first that needs it there or before any task. Those who wait for it
    would stand at nothing until it is there.
    """

    def __init__(self, told: Callable[[Task, int], None]) -> None:
        self._told = told
        self._shares: dict[_Key, dict[int, _Share]] = defaultdict(dict)
        self._on_the_way: dict[_Key, int] = {}

    @contextmanager
    def waiting(self, task: Task, need: BlobNeed) -> Iterator[None]:
        """Let `task` hear how far the blob is; an error takes it back. A task may need a blob more than once."""
        key = (need.target.registry, need.digest)
        shares = self._shares[key]
        share = shares.setdefault(task.id, _Share(task, need.size, self._told))
        share.waiting += 1
        share.stands(max(share.count, self._on_the_way.get(key, 0)))
        try:
            yield
        except BaseException:
            share.stands(0)
            raise
        finally:
            share.waiting -= 1
            if not share.waiting:
                del shares[task.id]
            if not shares:
                del self._shares[key]

    def advanced(self, need: BlobNeed, count: int) -> None:
        """So many bytes more of the blob were written, fewer after a break."""
        key = (need.target.registry, need.digest)
        stands = self._on_the_way[key] = self._on_the_way.get(key, 0) + count
        for share in self._shares.get(key, {}).values():
            share.stands(max(0, stands))

    def ended(self, need: BlobNeed) -> None:
        """The upload is over, well or not."""
        self._on_the_way.pop((need.target.registry, need.digest), None)
