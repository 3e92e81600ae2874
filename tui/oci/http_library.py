"""aiohttp, imported without the TLS contexts that it makes for itself.

It makes two when it is imported, and each reads every certificate authority of the system: as long as forty requests
take. No request of ours goes with either of them, because each brings its own (`tui.oci.tls`). So they are left
without authorities, and trust nobody; where something else imported aiohttp before, they are as usual.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["aiohttp"]

_READS = "set_default_verify_paths"


@contextmanager
def _authorities_unread() -> Iterator[None]:
    """Let new TLS contexts of this thread, and of no other, do without the system's authorities."""
    this_thread = threading.get_ident()
    read = ssl.SSLContext.set_default_verify_paths

    def unread(context: ssl.SSLContext) -> None:
        if threading.get_ident() != this_thread:
            read(context)

    setattr(ssl.SSLContext, _READS, unread)
    try:
        yield
    finally:
        delattr(ssl.SSLContext, _READS)  # the method is that of its base again


with _authorities_unread():
    import aiohttp
