"""Opening the app on the terminal in front of us."""

from __future__ import annotations

import os

from tui.app.app import RegferryApp
from tui.app.session import Session
from tui.app.settings import load
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets import passphrase


def run_app(demo: tuple[Endpoint, ...] = ()) -> int:
    """Run the app until the user leaves and return the exit code; `demo` are endpoints that exist only that long.

    The vault's passphrase comes from where a variable says, else it is asked for on the screen. Raises StoreRefused
    when the variable cannot be used.
    """
    named = any(os.environ.get(name) for name in (passphrase.DESCRIPTOR_VARIABLE, passphrase.FILE_VARIABLE))
    app = RegferryApp(Session(ask=passphrase.passphrase_source() if named else None, demo=demo), load())
    app.run()
    return app.return_code or 0
