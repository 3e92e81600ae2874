"""Handing a plan to a Harbor: its own replication moves the bytes, and this machine only starts and watches it.

What cannot be said in Harbor's terms (`tui.providers.harbor.replication.policies`) is copied by our own engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from tui.oci.saying import phrase

Trigger = Literal["manual", "scheduled", "event_based"]
"""What starts the policy again after this run: nobody, the clock, or a push to the Harbor."""
Resource = Literal["", "image", "artifact"]

TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
RESOURCES: tuple[Resource, ...] = get_args(Resource)


@dataclass(frozen=True, slots=True)
class Replication:
    """How the Harbor at `harbor` (host and port) replicates; one side of every rule that it gets is that Harbor.

    `registry` names a registry that Harbor knows already and that is used as it is; without it the one with the
    address of the other side is found or created, and given the login we have for it. `name` and `description` are
    those of the policies ('' makes them of the plan). `labels` must all be on what is taken. `cron` has six fields,
    seconds first. `speed` is in KiB a second for each of Harbor's tasks, 0 without limit; `chunks` copies large
    layers in parts. Deletions at the source are repeated only with `deletion`.
    """

    harbor: str = ""
    registry: str = ""
    name: str = ""
    description: str = ""
    trigger: Trigger = "manual"
    cron: str = ""
    labels: tuple[str, ...] = ()
    resource: Resource = ""
    deletion: bool = False
    speed: int = 0
    chunks: bool = False


def replication_of(document: Mapping[str, Any] | None) -> Replication | None:
    """Return the replication that `asdict` made, None for none. Raises ValueError or TypeError when it is not one."""
    if document is None:
        return None
    found = Replication(**{**document, "labels": tuple(document["labels"])})
    if found.trigger not in TRIGGERS or found.resource not in RESOURCES:
        raise ValueError(
            phrase("replication: {trigger!r}, {resource!r}", trigger=found.trigger, resource=found.resource)
        )
    return found


def table_of(replication: Replication) -> dict[str, Any]:
    """Return what differs from the usual, for a file."""
    usual = asdict(Replication())
    values = {name: value for name, value in asdict(replication).items() if value != usual[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def harbor_among(registries: Iterable[str], harbors: Iterable[str]) -> str:
    """Return the first of the registries of a plan that is one of `harbors`, '' when none is."""
    known = set(harbors)
    return next((registry for registry in registries if registry in known), "")
