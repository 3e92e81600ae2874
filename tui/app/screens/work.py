"""Starting what runs beside a screen."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ParamSpec, cast

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

    The coroutine is made when the worker begins, so that one cancelled before that leaves none behind.
    """
    made = cast("Callable[[], Coroutine[None, None, None]]", partial(work, *given, **named))
    return node.run_worker(made, group=group, exclusive=exclusive)
