"""What there is before the first picture: endpoints with their passwords, and runs of the last days.

The runs are real ones between the registries of the stage; only their names and times are set to fixed ones
afterwards, so that every making shows the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from screenshots.stage import PASSWORD, SOURCE, TARGET, USER, Stage
from tui.app.session import Session
from tui.demo.registry import Intercept
from tui.endpoints.file import EndpointFile
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint, LastTest
from tui.endpoints.secrets.passphrase import PassphraseRequest
from tui.endpoints.secrets.stores import SecretStores
from tui.endpoints.secrets.vault import VaultStore
from tui.engine.runs import RunFolder
from tui.oci.access import Credential
from tui.plan.model import Options, Plan
from tui.plan.rule_text import make_rule

NOW = datetime(2026, 3, 17, 9, 41, tzinfo=UTC)
NAMES = "mirror/{path}"
_TESTED = NOW - timedelta(minutes=12)
DATACENTRE = Endpoint(
    "datacentre", SOURCE, username=USER, store="vault", id="00000001", last_test=LastTest(_TESTED, True, 12)
)
CLOUD = Endpoint("cloud", TARGET, username=USER, store="vault", id="00000002", last_test=LastTest(_TESTED, True, 31))
_REFUSED = LastTest(NOW - timedelta(days=1), False, 44, "login: user name or password is wrong")
ENDPOINTS = (
    DATACENTRE,
    CLOUD,
    Endpoint(
        "acr", "registry.cn-beijing.aliyuncs.com", kind="acr", username="ops@acme", store="keyring", id="00000003"
    ),
    Endpoint(
        "partner", "harbor.partner.example", kind="harbor", username="robot$acme", store="env",
        password_env="PARTNER_PASSWORD", id="00000004", last_test=_REFUSED,
    ),
)  # fmt: skip
_ENDED = (0, 1)
"""Exit codes of a run that did what it could: all well, or failures left."""
_CHEAP = (2**10, 8, 1)
"""Cost of the vault's key: there is nothing to protect."""


def open_session(environ: Mapping[str, str] = os.environ) -> Session:
    """Return a session whose vault opens by itself."""

    async def passphrase(_request: PassphraseRequest) -> str:
        return "a passphrase for pictures"

    session = Session(environ, ask=passphrase)
    vault = VaultStore(Path(environ["REGFERRY_CONFIG_DIR"]) / "vault.json", passphrase, cost=_CHEAP)
    session._stores = SecretStores(environ=environ, ask=passphrase, vault=vault)
    return session


async def build(stage: Stage) -> None:
    """Fill the folders of settings and runs, and the target registry, with what went before."""
    EndpointFile(endpoints_path()).save(ENDPOINTS)
    session = open_session()
    try:
        for endpoint in (DATACENTRE, CLOUD):
            await session.stores.put(endpoint, Credential(USER, PASSWORD))
        await _ran(session, plan("library/*"), "20260313-181502-library", seconds=41)
        _move_a_tag(stage)
        stage.target.intercept, stage.source.intercept = _deny_portals, _lose_a_layer(stage)
        try:
            failed = plan("team/*", "legacy/*", "charts/*", names="archive/{path}", retries=0)
            await _ran(session, failed, "20260316-220014-nightly-archive", seconds=186)
        finally:
            stage.target.intercept = stage.source.intercept = None
    finally:
        await session.close()


def plan(*patterns: str, names: str = NAMES, retries: int = 3, concurrency: int = 10) -> Plan:
    """Return the plan of copying what fits from the source to the target."""
    rules = tuple(make_rule(f"{SOURCE}/{pattern}", f"{TARGET}/{names}") for pattern in patterns)
    return Plan("datacentre to cloud", rules, Options(retries=retries, concurrency=concurrency))


async def ready(session: Session, made: Plan, name: str) -> RunFolder:
    """Return a run under a fixed name that nothing was done for."""
    folder = await session.make_run(made, DATACENTRE, CLOUD)
    return RunFolder(folder.path.rename(folder.path.with_name(name)))


async def _ran(session: Session, made: Plan, name: str, *, seconds: float) -> RunFolder:
    folder = await ready(session, made, name)
    process = await session.start(folder)
    code = await asyncio.to_thread(process.wait)
    if code not in _ENDED:
        raise RuntimeError(f"a run ended with {code}: {folder.output.read_text(encoding='utf-8')}")
    set_times(folder, seconds)
    put_in_order(folder)
    return folder


def put_in_order(folder: RunFolder) -> None:
    """Number the tasks of a run by name: they come in the order in which registries answer, another one each time."""
    journal = sqlite3.connect(folder.journal)
    with journal:
        found = journal.execute("SELECT id FROM task ORDER BY source_path, source_reference").fetchall()
        for column, table in (("id", "task"), ("task_id", "attempt"), ("task_id", "event")):
            # By way of negative numbers: while one changes, no number may be there twice.
            numbers = [(-new, old) for new, (old,) in enumerate(found, 1)]
            journal.executemany(f"UPDATE {table} SET {column}=? WHERE {column}=?", numbers)
            journal.execute(f"UPDATE {table} SET {column}=-{column} WHERE {column}<0")
    journal.close()


def set_times(folder: RunFolder, seconds: float) -> None:
    """Let a run that ended have begun when its name says, and have taken so long."""
    begun = datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    journal = sqlite3.connect(folder.journal)
    with journal:
        journal.execute("UPDATE meta SET value=? WHERE key='created'", (str(begun),))
        journal.execute("UPDATE session SET started=?1, heartbeat=?2, ended=?2", (begun, begun + seconds))
        for table in ("attempt", "event"):
            journal.execute(f"UPDATE {table} SET at=? + (task_id % 20)", (begun + 3,))
    journal.close()


def _move_a_tag(stage: Stage) -> None:
    """Let two tags at the target stand for something older, as they do when the source has moved on."""
    storage, path = stage.target.storage, "mirror/library/nginx"
    old = storage.manifest(path, "1.24.0")
    assert old is not None
    for tag in ("latest", "stable"):
        storage.tag(path, tag, old.digest)


async def _deny_portals(request: web.BaseRequest) -> web.StreamResponse | None:
    if request.method in ("POST", "PUT", "PATCH") and "/legacy/" in request.path:
        error = {"code": "DENIED", "message": "requested access to the resource is denied"}
        return web.json_response({"errors": [error]}, status=403)
    return None


def _lose_a_layer(stage: Stage) -> Intercept:
    """Return what answers as the source does that lost the last layer of an image."""
    storage, path = stage.source.storage, "team/worker"
    manifest = storage.manifest(path, "latest")
    assert manifest is not None
    lost = json.loads(storage.read(manifest.digest))["layers"][-1]["digest"]

    async def answer(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path.endswith(f"/blobs/{lost}"):
            error = {"code": "BLOB_UNKNOWN", "message": "blob unknown to registry"}
            return web.json_response({"errors": [error]}, status=404)
        return None

    return answer
