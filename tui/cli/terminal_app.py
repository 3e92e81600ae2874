"""Opening the terminal app."""

from __future__ import annotations

import sys

import click


def open_app() -> int:
    """Open the app and return its exit code. Raises click.UsageError without a terminal."""
    _need_terminal()
    from tui.app.main import run_app

    return run_app()


def open_demo(slow: bool) -> int:
    """Open the app on two demo registries, ready to run; return its exit code. Raises click.UsageError."""
    _need_terminal()
    from tui.app.main import run_app

    return run_app(demo=True, slow=slow)


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the app needs a terminal; see 'regferry --help' for what works without one")
