"""Faults on demand for the embedded registry: a script of what goes wrong, and registries with habits of their own."""

from __future__ import annotations

from tests.support.faults.script import Fault, Script, Seen, Turn
from tests.support.faults.when import always, chance, every, first, nth, once

__all__ = ["Fault", "Script", "Seen", "Turn", "always", "chance", "every", "first", "nth", "once"]
