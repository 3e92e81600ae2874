"""Looking at an address with the certificates this host has for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.i18n import said
from tui.app.screens.endpoints.values import Filled, connection_of
from tui.app.screens.endpoints.words import found_words
from tui.app.warm_up import warm_up
from tui.app.widgets.fitted import clean

if TYPE_CHECKING:
    from tui.providers.detect import Detected


async def look_at(filled: Filled, environ: Mapping[str, str]) -> Detected:
    """Return what is at the address of the form; no login is sent. Raises InvalidEndpoint."""
    connection = connection_of(filled)
    await warm_up()
    from tui.endpoints.certs import certificate_roots, find_certificates
    from tui.providers.detect import detect

    found = await asyncio.to_thread(find_certificates, connection.registry, certificate_roots(environ))
    connection = replace(
        connection,
        ca_files=tuple(dict.fromkeys((*connection.ca_files, *found.ca_files))),
        client_cert=connection.client_cert or found.client_cert,
        client_key=connection.client_key or found.client_key,
    )
    return await detect(connection)


def remark_of(found: Detected) -> tuple[str, str]:
    """Return what was found in words, and how it is: 'good', 'warning' or 'bad'."""
    words = found_words(found)
    if not found.reachable:
        return clean(f"{words}. {said(found.hint)}"), "bad"
    if found.problem and found.tls != "untrusted":  # of a certificate the line about encryption tells
        words = f"{words}. {said(found.problem)}: {said(found.hint)}"
    return clean(words), "good" if found.registry and not found.problem else "warning"
