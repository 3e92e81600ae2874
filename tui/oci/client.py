"""A registry in the words of the distribution specification: manifests, blobs, uploads, tags, referrers."""

from __future__ import annotations

from tui.oci.blobs import Blobs
from tui.oci.errors import RegistryError
from tui.oci.lists import Lists, fallback_tag
from tui.oci.manifests import ManifestHead


class RegistryClient(Lists, Blobs):
    """One registry with one credential. All methods raise RegistryError; use as an async context manager."""


__all__ = ["ManifestHead", "RegistryClient", "RegistryError", "fallback_tag"]
