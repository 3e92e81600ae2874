"""Places on a disk where references expect a registry: a folder or a tar with an OCI image layout.

`oci:/media/usb/export` is a folder, `oci-archive:/media/usb/export.tar` a tar; what is inside comes after two slashes:
`oci:/media/usb/export//library/nginx:1.27`. Paths never have two slashes in a row, so a path may hold colons and
anything else. As the registry of a repository a place ends in a slash, and `registry/path` reads as people write it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui.oci.saying import phrase

FOLDER = "oci:"
ARCHIVE = "oci-archive:"
EXAMPLE = f"{FOLDER}/media/usb/export//library/nginx:1.27"

_PLACE = re.compile(r"(?P<scheme>oci|oci-archive):(?!\d+(?:/|$))(?P<rest>.*)", re.DOTALL)
_OF_A_TAR = re.compile(r"\.tar(?:\.\d{3,}|\.parts\.json)$")
"""Names of what a tar lies in when it was split: each of them names the tar."""
_PATH = re.compile(r"/|\.{1,2}(?:/|$)|~(?:/|$)")


class InvalidPlace(ValueError):
    """The text begins like a place on a disk and is none; the message says what was expected."""


def is_place(registry: str) -> bool:
    """Return whether a repository's registry is a place on this machine's disks."""
    return registry.startswith((FOLDER + "/", ARCHIVE + "/"))


def is_archive(registry: str) -> bool:
    """Return whether a place is a tar."""
    return registry.startswith(ARCHIVE)


def path_of(registry: str) -> Path:
    """Return the folder or file that a place names."""
    return Path(registry.partition(":")[2])


def name_of(registry: str) -> str:
    """Return a place as people write it, without the slash at the end that makes it a registry."""
    return registry.removesuffix("/")


def absolute_path(text: str) -> str:
    """Return the absolute path that a text names as a path or as a place. Raises InvalidPlace."""
    place = split_place(text)
    if place is not None:
        return str(path_of(place[0]))
    if not text or "\0" in text:
        raise InvalidPlace(phrase("{text!r}: a path is expected", text=text))
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111


def split_place(text: str) -> tuple[str, str] | None:
    """Return place and what is named inside it ('' for all of it); None for what does not begin like a place.

    The path is made absolute; `~` is the home folder. `oci:5000/x` is a repository of a host called oci. Raises
    InvalidPlace, saying what is expected.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    scheme, rest = match["scheme"], match["rest"]
    path, _, inside = rest.partition("//")
    if not path or "\0" in path or _PATH.match(path) is None:
        raise InvalidPlace(
            phrase(
                "{text!r}: after '{scheme}:' a path that begins with /, ./, ../ or ~/ is expected, and what is "
                "inside after two slashes: {example}",
                text=text,
                scheme=scheme,
                example=EXAMPLE,
            )
        )
    # Of the text alone: what the path leads to is nobody's business before the place is opened.
    whole = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111
    if whole.strip("/") == "":
        raise InvalidPlace(phrase("{text!r}: a folder is expected, not the root of the file system", text=text))
    if f"{scheme}:" == ARCHIVE:
        whole = _OF_A_TAR.sub(".tar", whole)
    return f"{scheme}:{whole}/", inside
