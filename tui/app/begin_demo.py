"""The demo: two registries on this machine, everything in one of them selected, and a run that is ready."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from tui.app.i18n import _, whole
from tui.app.screens.place import Place
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase
from tui.plan.model import Plan

if TYPE_CHECKING:
    from tui.app.app import RegferryApp

NAMES = "mirror/{path}"


async def begin_demo(app: RegferryApp, *, slow: bool = False) -> None:
    """Start the demo registries unless they run, select all there is, and show a run that waits for its key."""
    session, began_in = app.session, app.screen
    if not session.demo:
        app.say(_("The two demo registries are being filled..."))
        try:
            ready, lifeline = await asyncio.to_thread(_start, slow)
        except LocalError as error:
            app.say(whole(error), "error")
            return
        source, target = _endpoint("demo source", ready["source"]), _endpoint("demo target", ready["target"])
        session.begin_demo((source, target), lifeline)
        session.basket.clear(source)
        session.basket.take_repositories(ready["repositories"])
        session.draft.target, session.draft.names = target, NAMES
    source, target = session.demo
    rules = session.basket.rules(session.draft.template)
    folder = await session.make_run(Plan("demo", rules), source, target)
    session.demo_run = folder
    await app.show_run(folder)
    if isinstance(began_in, Place) and began_in.is_mounted:
        began_in.say("")
    app.say(_("Two registries on this machine; all of the first is selected. r runs it."))


def _endpoint(name: str, address: str) -> Endpoint:
    return Endpoint(name, address, scheme="http", store="none")


def _start(slow: bool) -> tuple[dict[str, Any], BinaryIO]:
    """Start the registries in a process that outlives this terminal, and return where they are and its lifeline.

    Raises LocalError.
    """
    command = [sys.executable, "-m", "tui.demo.serve", *(["--slow"] if slow else [])]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalError(phrase("the demo registries cannot be started: {problem}", problem=error.strerror)) from error
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
    if not line:
        raise LocalError(
            N_("the demo registries ended before they were ready"), hint=N_("try: python -m tui.demo.serve")
        )
    return json.loads(line), cast("BinaryIO", process.stdin)
