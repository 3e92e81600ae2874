"""The connection test of a place on a disk: is there a layout, can it be read, can it be written."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tui.oci.access import Access
from tui.oci.errors import RegistryError
from tui.oci.layout.parts import list_path
from tui.oci.layout.working import is_packed, working_folder
from tui.oci.opening import open_registry
from tui.oci.place import is_archive, path_of
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase
from tui.providers.check_steps import Step, StepName

_STEPS: tuple[StepName, ...] = ("disk", "list", "pull", "push")


async def check_place(access: Access, repository: str = "", push: bool = False) -> AsyncIterator[Step]:
    """Yield the steps of a connection test as `tui.providers.check.check` does; nothing is written, not even tried."""
    registry = access.connection.registry
    client = open_registry(access)
    failed = False
    try:
        for name in _STEPS:
            if failed:
                yield Step(name, "skipped", N_("not tried, because an earlier step failed"))
                continue
            started = time.monotonic()
            try:
                step = await _step(name, registry, client, repository, push)
            except RegistryError as error:
                step = Step(name, "failed", error.message, error.hint, kind=error.kind)
            failed = step.state == "failed"
            yield Step(name, step.state, step.detail, step.hint, time.monotonic() - started, step.kind)
    finally:
        await client.close()


async def _step(name: StepName, registry: str, client: Registry, repository: str, push: bool) -> Step:
    if name == "push":
        return await asyncio.to_thread(_room, registry) if push else Step(name, "skipped", N_("not tried"))
    if not _is_there(registry):
        words = N_("not there yet: it is made when something is copied to it") if name == "disk" else N_("not tried")
        return Step(name, "skipped", words)
    if name == "pull":
        return await _pull(registry, client, repository)
    count = sum([len(page) async for page in client.catalog()])
    if name == "disk":
        return Step(name, "ok", N_("an OCI image layout"))
    return Step(name, "ok", phrase("repositories: {count}", count=count))


async def _pull(registry: str, client: Registry, repository: str) -> Step:
    if not repository:
        return Step("pull", "skipped", N_("no repository to try it on"))
    count = sum([len(page) async for page in client.tags(Repository(registry, repository))])
    return Step("pull", "ok", phrase("{repository}: {count} tags", repository=repository, count=count))


def _is_there(registry: str) -> bool:
    path = path_of(registry)
    beside = (list_path(path), working_folder(path)) if is_archive(registry) else ()
    return any(each.exists() for each in (path, *beside))


def _room(registry: str) -> Step:
    """Say whether the folder, or the one it will be made in, may be written, and how much room is left there."""
    path = path_of(registry)
    if is_archive(registry):
        if is_packed(path):
            words = N_("this tar is complete, and is only read")
            return Step("push", "failed", words, N_("name another tar"), kind="LOCAL")
        path = path.parent
    folder = next(each for each in (path, *path.parents) if each.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        hint = N_("give this account the permission to write there, or name another folder")
        return Step("push", "failed", phrase("{folder} cannot be written", folder=str(folder)), hint, kind="LOCAL")
    return Step("push", "ok", phrase("{size} free in {folder}", size=_size(folder), folder=str(folder)))


def _size(folder: Path) -> str:
    return f"{shutil.disk_usage(folder).free / 1024**3:.1f} GiB"
