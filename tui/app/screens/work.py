"""Starting what runs beside a screen."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import Worker

P = ParamSpec("P")


def start(
    node: DOMNode,
    group: str,
    exclusive: bool,
    work: Callable[P, Coroutine[Any, Any, None]],
    *given: P.args,
    **named: P.kwargs,
) -> Worker[None]:
    """Let `work(*given)` run as a worker of `node`; an exclusive one cancels those of its group.

    The coroutine is made when the worker begins, so that one cancelled before that leaves none behind. What `node`
    shows may be taken away under the hands of `work`, which then ends quietly.
    """

    async def guarded() -> None:
        try:
            await work(*given, **named)
        except NoMatches:
            if node.display:  # not when it is on its way out
                raise

    return node.run_worker(cast("Any", guarded), group=group, exclusive=exclusive)


def begin(node: DOMNode, body: Callable[[], Coroutine[Any, Any, None]], group: str) -> Worker[None]:
    """Run `body` as the only worker of its group at `node`."""
    return start(node, group, True, body)
