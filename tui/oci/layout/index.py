"""`index.json` of a layout: which manifests are in it, and what they are called (image-spec, "index.json file").

While an export goes on, names come into a file of ours first, a line for each (`NAMES`), and `index.json` is written
when these are many beside what it has: to write thousands of entries for each new one would take most of the time.
Whoever reads an index here reads these lines with it, so that nothing is lost to a kill.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tui.oci.descriptor import Descriptor
from tui.oci.errors import UnsupportedContent
from tui.oci.layout.names import REF_NAME, Name, name_of
from tui.oci.layout.store import INDEX, LAYOUT, NAMES, Store, read_small
from tui.oci.manifest import OCI_INDEX, Manifest
from tui.oci.saying import phrase

MAX_INDEX = 64 * 1024 * 1024
"""Bytes of an `index.json`: some two hundred thousand entries."""
_VERSION = "1.0.0"
LAYOUT_FILE = json.dumps({"imageLayoutVersion": _VERSION}).encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest of the index. `text` is how it stands there (JSON), with what others wrote into it."""

    descriptor: Descriptor
    name: Name | None
    text: str


@dataclass(slots=True)
class LayoutIndex:
    """The entries of an index, by name; by its digest what has no name, or one that another has before it.

    `rest` is what else the document says.
    """

    named: dict[Name, Entry] = field(default_factory=dict)
    nameless: dict[str, Entry] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=lambda: {"schemaVersion": 2, "mediaType": OCI_INDEX})

    def entries(self) -> Iterator[Entry]:
        """Yield every entry."""
        yield from self.named.values()
        yield from self.nameless.values()

    def repositories(self) -> list[str]:
        """Return the paths of the repositories that have tags, sorted."""
        return sorted({name.path for name in self.named if ":" not in name.target})

    def tags(self, path: str) -> list[str]:
        """Return the tags of a repository, sorted."""
        return sorted(name.target for name in self.named if name.path == path and ":" not in name.target)

    def put(self, name: Name, manifest: Manifest, referrer: dict[str, Any] | None = None) -> str:
        """Call a manifest so; `referrer` is its entry in a list of referrers, when it is one.

        Returns the line for it among the names.
        """
        document = dict(referrer or {"mediaType": manifest.media_type, "digest": manifest.digest})
        document["size"] = manifest.size
        document["annotations"] = {**document.get("annotations", {}), REF_NAME: str(name)}
        entry = self.named[name] = _entry(document, str(name), name)
        # Whoever has the index has what it lists: that needs no entry of its own.
        listed = [child.digest for child in manifest.manifests if self.named.pop(Name(name.path, child.digest), None)]
        return f'{{"entry": {entry.text}, "listed": {json.dumps(listed)}}}\n'

    def take(self, lines: bytes, where: str, alone: str) -> None:
        """Take in names written since; what a process did not write to its end is none. Raises UnsupportedContent."""
        for line in lines.split(b"\n")[:-1]:
            try:
                document = json.loads(line)
                value, listed = document["entry"], [str(digest) for digest in document["listed"]]
            except (ValueError, KeyError, TypeError):
                return  # torn by a power failure: nobody was told that it is there
            entry = _entry(value, where)
            if (name := name_of(entry.descriptor.annotations, alone)) is not None:
                self.named[name] = replace(entry, name=name)
                for digest in listed:
                    self.named.pop(Name(name.path, digest), None)

    def body(self) -> bytes:
        """Return the file, one line for each entry: with thousands of them it is written often."""
        rest = "".join(f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in self.rest.items())
        entries = ",\n".join(entry.text for entry in self.entries())
        return f'{{{rest}"manifests": [\n{entries}\n]}}\n'.encode()


def read_index(store: Store, alone: str) -> LayoutIndex:
    """Return the index of a layout; `alone` is the repository of what has only a tag.

    Raises FileNotFoundError when there is none, OSError, UnsupportedContent for what is no index of a layout.
    """
    where = f"{store.path}: {INDEX}"
    body = read_small(store, INDEX, MAX_INDEX)
    _check_version(store)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnsupportedContent(phrase("{where} is not valid JSON: {error}", where=where, error=error)) from error
    listed = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise UnsupportedContent(phrase("{where} has no list of manifests", where=where))
    index = LayoutIndex(rest={key: value for key, value in document.items() if key != "manifests"})
    for number, value in enumerate(listed):
        entry = _entry(value, f"{where}: manifests[{number}]")
        name = name_of(entry.descriptor.annotations, alone)
        if name is None and len(listed) == 1:
            name = Name(alone, "latest")
        entry = replace(entry, name=name)
        if name is None or name in index.named:
            index.nameless[entry.descriptor.digest] = entry
        else:
            index.named[name] = entry
    if store.size(NAMES):
        index.take(read_small(store, NAMES, MAX_INDEX), f"{store.path}: {NAMES}", alone)
    return index


def _entry(document: Any, where: str, name: Name | None = None) -> Entry:
    return Entry(Descriptor.from_json(document, where), name, json.dumps(document))


def _check_version(store: Store) -> None:
    """Refuse a layout of another version (image-spec, "oci-layout file"); one without the file is taken as ours."""
    try:
        document = json.loads(read_small(store, LAYOUT, 64 * 1024))
    except FileNotFoundError:
        return
    except ValueError as error:
        raise UnsupportedContent(
            phrase("{path}: {layout} is not valid JSON: {error}", path=store.path, layout=LAYOUT, error=error)
        ) from error
    version = document.get("imageLayoutVersion") if isinstance(document, dict) else None
    if version != _VERSION:
        raise UnsupportedContent(
            phrase(
                "{path}: image layout version {version} is not {version_read}",
                path=store.path,
                version=repr(version),
                version_read=_VERSION,
            )
        )
