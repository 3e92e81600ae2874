"""The command line with less patience: `python -m tests.faults.hurried SECONDS ARGUMENTS...`.

A connection on which nothing moves is given up after so many seconds instead of a minute, one on which hardly
anything moves after twice that. Everything else is as users
have it.
"""

from __future__ import annotations

import sys

import tui.oci.bodies
import tui.oci.transport

if __name__ == "__main__":
    # Before anything imports it by name.
    tui.oci.transport.IDLE_TIMEOUT = float(sys.argv[1])
    tui.oci.bodies.LEAST_RATE_WINDOW = 2 * tui.oci.transport.IDLE_TIMEOUT
    from tui.cli.main import main

    sys.exit(main(sys.argv[2:]))
