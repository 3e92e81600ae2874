"""What the source of a plan looked like: the digest behind every tag the plan takes, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.endpoints.private_file import write_private
from tui.engine.listing import digests_of, opened_registries, repositories_of, tags_of
from tui.engine.registries import Resolver
from tui.oci.reference import Reference, Repository, is_digest
from tui.oci.retry import RetryPolicy
from tui.plan.expand import takes
from tui.plan.model import Plan
from tui.plan.selection import narrow

Snapshot = Mapping[str, str]
"""Digest by reference, `harbor.example.com/library/nginx:1.27`."""


@dataclass(frozen=True, slots=True)
class Changes:
    """References that are new, have another digest, or are gone since the last look."""

    new: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.moved)

    def __str__(self) -> str:
        parts = [(self.new, "new"), (self.moved, "changed"), (self.gone, "gone")]
        return ", ".join(f"{len(names)} {word} ({_some(names)})" for names, word in parts if names) or "nothing changed"


async def look(plan: Plan, source: Resolver, target: Resolver, retry: RetryPolicy | None = None) -> dict[str, str]:
    """Return what the source of a plan looks like now, as far as names select: a HEAD for every tag.

    Raises RegistryError.
    """
    async with opened_registries(source, target, plan, retry) as registries:
        listed = await tags_of(await repositories_of(plan.rules, registries), registries.source)
        wanted: dict[Repository, set[str]] = {}
        for rule in plan.rules:
            for repository, tags in listed.items():
                if repository.registry != rule.source_registry or not takes(rule, repository.path):
                    continue
                named = (each for each in rule.references if not is_digest(each))
                wanted.setdefault(repository, set()).update(named if rule.references else narrow(rule.tags, tags).tags)
        found = await digests_of({repository: sorted(tags) for repository, tags in wanted.items()}, registries.source)
    return {
        str(Reference(repository, tag=tag)): digest
        for repository, its in sorted(found.items())
        for tag, (digest, _) in sorted(its.items())
    }


def changes(before: Snapshot, now: Snapshot) -> Changes:
    """Return what changed between two looks."""
    return Changes(
        tuple(name for name in now if name not in before),
        tuple(name for name in now if name in before and before[name] != now[name]),
        tuple(name for name in before if name not in now),
    )


def load_snapshot(path: Path) -> dict[str, str] | None:
    """Return the look that was kept, None when there is none that can be read: then everything is new."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        return None
    return document


def save_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Keep a look. Raises LocalError."""
    write_private(path, json.dumps(dict(snapshot), indent=0, ensure_ascii=False).encode())


def _some(names: tuple[str, ...], shown: int = 3) -> str:
    return ", ".join(names[:shown]) + (", ..." if len(names) > shown else "")
