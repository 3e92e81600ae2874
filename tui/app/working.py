"""Work beside the screen that supersedes work of its kind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode
from textual.worker import Worker


def begin(node: DOMNode, body: Callable[[], Coroutine[Any, Any, None]], group: str) -> Worker[None]:
    """Run `body` as the only worker of its group at `node`.

    A coroutine handed over before it may begin warns that it was never awaited when it is superseded at once; a
    function does not.
    """
    return node.run_worker(cast("Any", body), group=group, exclusive=True)
