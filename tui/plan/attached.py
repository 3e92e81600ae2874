"""Tags that are about another manifest by its digest: cosign's, and the list of referrers of registries without an API.

`sha256-<hex>.sig`, `.att` and `.sbom` are those of sigstore's cosign ("Signature Spec", storage); `sha256-<hex>` alone
is the "Referrers Tag Schema" of the OCI distribution specification.
"""

from __future__ import annotations

import re

SUFFIXES = (".sig", ".att", ".sbom")
_ATTACHED = re.compile(r"(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64}(?:[0-9a-f]{64})?)(\.sig|\.att|\.sbom)?")


def is_attached(tag: str) -> bool:
    """Return whether a tag is about a manifest, and no name that somebody gave to one."""
    return _ATTACHED.fullmatch(tag) is not None


def is_referrers_list(tag: str) -> bool:
    """Return whether a tag is the list of what refers to a manifest."""
    match = _ATTACHED.fullmatch(tag)
    return match is not None and match[2] is None


def cosign_tags(digest: str) -> tuple[str, ...]:
    """Return the tags under which cosign keeps what it attached to the manifest with a digest."""
    stem = digest.replace(":", "-", 1)
    return tuple(stem + suffix for suffix in SUFFIXES)
