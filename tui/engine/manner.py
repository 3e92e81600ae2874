"""How one process works on a run: how far, on what of it, and how patiently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tui.engine.retry import pause_before
from tui.oci.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class Manner:
    """How this process works on a run.

    `only_generate` ends when the tasks are known. `failed_too` begins with what failed before; `only_asked` tries of it
    what somebody asked for and nothing else. `logs` are more files for the log. `requests` says how often one request
    is tried, `pause` the seconds before a round of retry.
    """

    only_generate: bool = False
    failed_too: bool = False
    only_asked: bool = False
    logs: Sequence[Path] = ()
    requests: RetryPolicy = field(default_factory=RetryPolicy)
    pause: Callable[[int], float] = pause_before


AS_USUAL = Manner()
