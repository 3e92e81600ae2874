"""Opening the app on the terminal in front of us."""

from __future__ import annotations

import os

from tui.app.app import RegferryApp
from tui.app.i18n import _
from tui.app.run_list import read_line
from tui.app.session import Session
from tui.app.settings import load
from tui.endpoints.secrets import passphrase
from tui.engine.runs import RunBusy, RunFolder, list_runs

_LOOKED_AT = 200
"""Of so many runs, the newest, it is asked whether a process works on them."""


def run_app(*, demo: bool = False, slow: bool = False) -> int:
    """Run the app until the user leaves, say which runs go on, and return the exit code.

    `demo` begins the demo at once, `slow` makes its registries slow. The vault's passphrase comes from where a
    variable says, else it is asked for on the screen. Raises StoreRefused when the variable cannot be used.
    """
    named = any(os.environ.get(name) for name in (passphrase.DESCRIPTOR_VARIABLE, passphrase.FILE_VARIABLE))
    session = Session(ask=passphrase.passphrase_source() if named else None)
    app = RegferryApp(session, load())
    if demo:
        app.call_later(app.run_action, f"demo({slow})")
    app.run()
    if session.demo_run is not None:
        _forget_unless_begun(session.demo_run)
    for folder in list_runs(session.state)[:_LOOKED_AT]:
        if folder.working() is not None:
            print(_("The run {name} goes on.").format(name=folder.name))
            print("  " + _("Come back with: regferry runs watch {name}").format(name=folder.name))
            print("  " + _("or open regferry again and press 5."))
    return app.return_code or 0


def _forget_unless_begun(folder: RunFolder) -> None:
    """Delete the demo's run if nobody started it: its registries are gone."""
    try:
        if folder.journal.exists() and read_line(folder, folder.working()).state == "new":
            folder.delete()
    except RunBusy:
        pass  # it has begun after all
