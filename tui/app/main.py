"""Opening the app on the terminal in front of us."""

from __future__ import annotations

from tui.app.app import RegferryApp
from tui.app.session import Session
from tui.endpoints.model import Endpoint


def run_app(demo: tuple[Endpoint, ...] = ()) -> int:
    """Run the app until the user leaves and return the exit code; `demo` are endpoints that exist only that long."""
    app = RegferryApp(Session(demo=demo))
    app.run()
    return app.return_code or 0
