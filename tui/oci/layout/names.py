"""How images are called in a layout: several repositories in one `index.json`.

We write the whole name, `library/nginx:1.27` or `library/nginx@sha256:...`, as `org.opencontainers.image.ref.name`
(image-spec, "Pre-Defined Annotation Keys": its grammar has `/`, `:` and `@`), which is what `skopeo copy
oci:FOLDER:library/nginx:1.27` and `oras --oci-layout FOLDER:NAME` look for. Of others we also read:

- `io.containerd.image.name`, the whole name containerd, `docker save` and BuildKit write; it goes before the other;
- a tag alone, as skopeo, regctl and oras write it for a layout of one repository: that is called after the folder;
- no name at all, when nothing else is in the layout (`skopeo copy ... oci:FOLDER`): that is its `latest`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.oci.reference import is_digest, is_repository, is_tag

REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Name:
    """What an entry of the index is called: repository path, and tag or digest."""

    path: str
    target: str

    def __str__(self) -> str:
        return f"{self.path}{'@' if ':' in self.target else ':'}{self.target}"


def own_repository(path: Path) -> str:
    """Return what the repository of a layout of one is called: as its folder or file."""
    stem = path.name.removesuffix(".tar").lower()
    return _NOT_IN_NAMES.sub("-", stem).strip("-") or "image"


def name_of(annotations: Mapping[str, str], alone: str) -> Name | None:
    """Return what an entry with these annotations is called, None when it has no name, or none that can be one.

    `alone` is the repository of what has only a tag.
    """
    for key in (CONTAINERD_NAME, REF_NAME):
        if text := annotations.get(key, ""):
            name = parse_name(text, alone)
            if name is not None:
                return name
    return None


def parse_name(text: str, alone: str) -> Name | None:
    """Return the name that `text` says, None when it is none. A port of a registry in it becomes `_5000`."""
    if is_tag(text):
        return Name(alone, text)
    head, at, digest = text.partition("@")
    if at and not is_digest(digest):
        return None
    folders, slash, last = head.rpartition("/")
    last, colon, tag = last.partition(":")
    path = f"{folders}{slash}{last}".replace(":", "_")
    target = digest or tag or "latest"
    if not is_repository(path) or (colon and not is_tag(tag)):
        return None
    return Name(path, target)
