"""Harbor's replication in JSON (swagger, tags `registry` and `replication`; for 1.x its own, of 1.8 to 1.10)."""

from __future__ import annotations

import re
from typing import Any

from tui.oci.errors import PolicyRefused
from tui.oci.saying import N_, phrase
from tui.providers.harbor.fields import inner, inners, number, text, texts, time
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.model import (
    MOST_OF_NAME,
    Execution,
    Filter,
    FilterKind,
    Policy,
    RegistryAbilities,
    RegistrySpec,
    RemoteRegistry,
    ReplicationTask,
    Trigger,
    TriggerKind,
)

DECORATIONS = Version(2, 2)
FLATTENING = Version(2, 3)
SPEED = Version(2, 4)
CHUNKS = Version(2, 7)
SINGLE = Version(2, 14)
CA_CERTIFICATE = Version(2, 15)

_FILTERS: dict[str, FilterKind] = {"name": "name", "tag": "tag", "label": "label", "resource": "resource"}
_TRIGGERS: dict[str, TriggerKind] = {"manual": "manual", "scheduled": "scheduled", "event_based": "event_based"}
_CRON = re.compile(r"0 [0-9,/-]+(?: \S+){4}")


def registry_document(spec: RegistrySpec, version: Version) -> dict[str, Any]:
    """Return the body that creates a registry. Raises PolicyRefused for what this Harbor cannot hold."""
    if not 0 < len(spec.name) <= MOST_OF_NAME:
        raise PolicyRefused(
            phrase(
                "the name of a registry has 1 to {most_of_name} characters, {name!r} has others",
                most_of_name=MOST_OF_NAME,
                name=spec.name,
            )
        )
    document: dict[str, Any] = {
        "name": spec.name,
        "type": spec.type,
        "url": spec.url,
        "insecure": spec.insecure,
        "description": spec.description,
    }
    if spec.access_key or spec.access_secret:
        document["credential"] = {
            "type": "basic",
            "access_key": spec.access_key,
            "access_secret": spec.access_secret,
        }
    return document | _ca(spec, version)


def flat_registry_document(spec: RegistrySpec, version: Version) -> dict[str, Any]:
    """Return the body that changes a registry, or tests one that is not there yet (type and name apart)."""
    document: dict[str, Any] = {
        "url": spec.url,
        "insecure": spec.insecure,
        "credential_type": "basic",
        "access_key": spec.access_key,
        "access_secret": spec.access_secret,
    }
    return document | _ca(spec, version)


def registry_of(document: dict[str, Any]) -> RemoteRegistry:
    """Return a registry of a list."""
    return RemoteRegistry(
        id=number(document, "id"),
        name=text(document, "name"),
        type=text(document, "type"),
        url=text(document, "url"),
        access_key=text(inner(document, "credential"), "access_key"),
        insecure=document.get("insecure") is True,
        description=text(document, "description"),
        status=text(document, "status"),
    )


def abilities_of(document: dict[str, Any]) -> RegistryAbilities:
    """Return what `/registries/{id}/info` says."""
    return RegistryAbilities(
        type=text(document, "type"),
        filters=tuple(text(each, "type") for each in inners(document, "supported_resource_filters")),
        triggers=texts(document, "supported_triggers"),
        by_chunk=document.get("supported_copy_by_chunk") is True,
    )


def policy_document(policy: Policy, version: Version) -> dict[str, Any]:
    """Return the body that makes or changes a policy.

    Raises PolicyRefused for what this version does not know: it would leave it out in silence, and copy more.
    """
    _check(policy, version)
    document: dict[str, Any] = {
        "name": policy.name,
        "description": policy.description,
        "filters": [_filter_document(each, version) for each in policy.filters],
        "dest_namespace": policy.destination,
        "trigger": {"type": policy.trigger.kind},
        # Of the two names that are given back only this one is read.
        "deletion": policy.deletion,
        "override": policy.override,
        "enabled": policy.enabled,
    }
    if policy.trigger.kind == "scheduled":
        document["trigger"]["trigger_settings"] = {"cron": policy.trigger.cron}
    document["dest_registry" if policy.direction == "push" else "src_registry"] = {"id": policy.registry}
    if version >= FLATTENING:
        document["dest_namespace_replace_count"] = -1 if policy.flatten is None else policy.flatten
    if version >= SPEED:
        document["speed"] = policy.speed
    if version >= CHUNKS:
        document["copy_by_chunk"] = policy.by_chunk
    if version >= SINGLE:
        document["single_active_replication"] = policy.single
    return document


def policy_of(document: dict[str, Any]) -> Policy:
    """Return a policy of a list."""
    source_id = number(inner(document, "src_registry"), "id")
    target_id = number(inner(document, "dest_registry"), "id")
    # The other side is given back as well, as Harbor itself with the number 0.
    count = document.get("dest_namespace_replace_count")
    filters = (_filter_of(each) for each in inners(document, "filters"))
    return Policy(
        id=number(document, "id"),
        name=text(document, "name"),
        registry=target_id or source_id,
        direction="push" if target_id else "pull",
        description=text(document, "description"),
        filters=tuple(each for each in filters if each is not None),
        destination=text(document, "dest_namespace"),
        flatten=count if isinstance(count, int) and count >= 0 else None,
        trigger=_trigger_of(inner(document, "trigger")),
        override=document.get("override") is True,
        deletion=document.get("deletion") is True or document.get("replicate_deletion") is True,
        enabled=document.get("enabled") is True,
        speed=max(0, number(document, "speed")),
        by_chunk=document.get("copy_by_chunk") is True,
        single=document.get("single_active_replication") is True,
    )


def execution_of(document: dict[str, Any]) -> Execution:
    """Return an execution."""
    return Execution(
        id=number(document, "id"),
        policy=number(document, "policy_id"),
        status=text(document, "status"),
        text=text(document, "status_text"),
        trigger=text(document, "trigger"),
        started=time(document, "start_time"),
        ended=time(document, "end_time"),
        total=number(document, "total"),
        succeeded=number(document, "succeed"),
        failed=number(document, "failed"),
        running=number(document, "in_progress"),
        stopped=number(document, "stopped"),
    )


def task_of(document: dict[str, Any]) -> ReplicationTask:
    """Return a task of an execution."""
    return ReplicationTask(
        id=number(document, "id"),
        execution=number(document, "execution_id"),
        status=text(document, "status"),
        operation=text(document, "operation"),
        resource_type=text(document, "resource_type"),
        source=text(document, "src_resource"),
        target=text(document, "dst_resource"),
        started=time(document, "start_time"),
        ended=time(document, "end_time"),
    )


def _check(policy: Policy, version: Version) -> None:
    if any(each.excludes for each in policy.filters) and version < DECORATIONS:
        raise _too_old(N_("leave out tags or labels by a filter"), DECORATIONS, version)
    if policy.destination and policy.flatten is not None and version < FLATTENING:
        raise _too_old(N_("keep a part of the path below another namespace"), FLATTENING, version)
    if policy.speed and version < SPEED:
        raise _too_old(N_("limit the speed"), SPEED, version)
    if policy.by_chunk and version < CHUNKS:
        raise _too_old(N_("copy in chunks"), CHUNKS, version)
    if policy.single and version < SINGLE:
        raise _too_old(N_("skip an execution while another runs"), SINGLE, version)
    if policy.trigger.kind == "scheduled" and not _CRON.fullmatch(policy.trigger.cron):
        raise PolicyRefused(
            phrase("{cron!r} is no schedule for Harbor", cron=policy.trigger.cron),
            hint=N_("six fields, seconds first: '0 30 3 * * *' is half past three every night; seconds must be 0"),
        )
    if policy.trigger.kind == "event_based" and policy.direction == "pull":
        raise PolicyRefused(
            N_("Harbor cannot pull on events: it does not hear of those at another registry"),
            hint=N_("choose a schedule, or let the Harbor at the source push"),
        )


def _too_old(what: str, needed: Version, version: Version) -> PolicyRefused:
    return PolicyRefused(
        phrase(
            "Harbor can {what} from {needed} on, and this one is {version}", what=what, needed=needed, version=version
        ),
        hint=N_("copy with the engine of this program instead, or have Harbor upgraded"),
    )


def _filter_document(item: Filter, version: Version) -> dict[str, Any]:
    value: Any = item.values[0] if item.values else ""
    if item.kind == "label" and version >= Version(2, 0):
        value = list(item.values)
    document = {"type": item.kind, "value": value}
    if item.kind in ("tag", "label") and version >= DECORATIONS:
        document["decoration"] = "excludes" if item.excludes else "matches"
    return document


def _filter_of(document: dict[str, Any]) -> Filter | None:
    kind = _FILTERS.get(text(document, "type"))
    value = document.get("value")
    if kind is None:
        return None
    values = tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)
    return Filter(kind, values, document.get("decoration") == "excludes")


def _trigger_of(document: dict[str, Any]) -> Trigger:
    cron = text(inner(document, "trigger_settings"), "cron")
    return Trigger(_TRIGGERS.get(text(document, "type"), "manual"), cron)


def _ca(spec: RegistrySpec, version: Version) -> dict[str, Any]:
    if not spec.ca_certificate:
        return {}
    if version < CA_CERTIFICATE:
        raise _too_old(N_("trust a CA for one registry"), CA_CERTIFICATE, version)
    return {"ca_certificate": spec.ca_certificate}
