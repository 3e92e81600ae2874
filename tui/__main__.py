"""`python -m tui` and the `regferry` script."""

from __future__ import annotations

import gc
import sys

_OBJECTS_BETWEEN_COLLECTIONS = 10_000


def main() -> int:
    """Run the command line in a process of its own and return its exit code."""
    # Start-up makes very many objects, and nearly all of them stay: looking through them is work for nothing.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from tui.cli.main import main as command_line

    code = command_line()
    # The interpreter collects once more as it ends; what is there goes away with the process.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
