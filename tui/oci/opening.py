"""Opening the place a reference names: a registry, or images on a disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui.oci.access import Access
from tui.oci.host import Host
from tui.oci.place import is_place
from tui.oci.registry import Registry
from tui.oci.retry import RetryPolicy


def open_registry(
    access: Access,
    *,
    requests_at_once: int = 32,
    retry: RetryPolicy | None = None,
    host: Host | None = None,
    earlier: Sequence[str] = (),
) -> Registry:
    """Return a client of what `access` leads to; `close` it in the end. Nothing is asked or opened yet.

    `earlier` are earlier exports, for a place on a disk (`tui.oci.layout.earlier`).
    """
    registry = access.connection.registry
    if is_place(registry):
        from tui.oci.layout.client import LayoutClient

        return LayoutClient(registry, retry=retry, host=host, earlier=[Path(path) for path in earlier])
    from tui.oci.client import RegistryClient

    return RegistryClient(access, requests_at_once=requests_at_once, retry=retry, host=host)
