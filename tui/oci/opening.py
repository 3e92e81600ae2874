"""Opening the place a reference names: a registry, or images on a disk."""

from __future__ import annotations

from tui.oci.access import Access
from tui.oci.host import Host
from tui.oci.registry import Registry
from tui.oci.retry import RetryPolicy


def open_registry(
    access: Access, *, requests_at_once: int = 32, retry: RetryPolicy | None = None, host: Host | None = None
) -> Registry:
    """Return a client of what `access` leads to; `close` it in the end. Nothing is asked or opened yet."""
    from tui.oci.client import RegistryClient

    return RegistryClient(access, requests_at_once=requests_at_once, retry=retry, host=host)
