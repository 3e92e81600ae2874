"""Work beside the screen that supersedes work of its kind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import Worker


def begin(node: DOMNode, body: Callable[[], Coroutine[Any, Any, None]], group: str) -> Worker[None]:
    """Run `body` as the only worker of its group at `node`.

    A coroutine handed over before it may begin warns that it was never awaited when it is superseded at once; a
    function does not. What `node` shows may be taken away under the hands of `body`, which then ends quietly.
    """

    async def guarded() -> None:
        try:
            await body()
        except NoMatches:
            if node.display:  # not when it is on its way out
                raise

    return node.run_worker(cast("Any", guarded), group=group, exclusive=True)
