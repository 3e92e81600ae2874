"""Importing what is slow beside the event loop, right after the first screen is on the terminal."""

from __future__ import annotations

import asyncio
import importlib

MODULES = ("tui.providers.browse", "tui.providers.check", "tui.providers.detect", "tui.endpoints.secrets.stores")
"""The HTTP client takes half a second to import, which a screen would show as a stutter at its first request."""


async def warm_up() -> None:
    """Import `MODULES` in a thread; return at once when that was done before."""
    for name in MODULES:
        await asyncio.to_thread(importlib.import_module, name)
    # Their own imports are as lazy as the command line needs them to be.
    for name in ("tui.oci.client", "tui.oci.channel", "cryptography.hazmat.primitives.kdf.scrypt"):
        await asyncio.to_thread(importlib.import_module, name)
