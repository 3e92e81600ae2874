"""The retry phase: which failures are worth another round, and how long to wait before it.

The three levels of retry have one owner each: a request is repeated by the channel, a blob goes on where it broke in
`transfer`, and a task that failed in spite of both is tried again here, in rounds.
"""

from __future__ import annotations

import random

from tui.engine.tasks import Failure

_ONE_MORE_TIME = frozenset({"GONE", "INTEGRITY", "POLICY", "QUOTA"})
MENDED_HERE = frozenset({"AUTH", "LOCAL"})
"""What goes well as soon as a person gave another login or made room on this machine: a process that resumes tries."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


def worth_retrying(failure: Failure, round_: int) -> bool:
    """Return whether what failed so is tried again in round `round_` (1 is the first).

    What the registry denied, and what is broken in itself, stays as it is until a person changes something.
    """
    return failure.retryable or (round_ == 1 and failure.error_class in _ONE_MORE_TIME)


def pause_before(round_: int) -> float:
    """Return the seconds to wait before a round: doubling, with jitter, at most a minute."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (round_ - 1))
    return random.uniform(longest / 2, longest)
