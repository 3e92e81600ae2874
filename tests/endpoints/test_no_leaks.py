"""A planted secret must be nowhere: not in files, logs, arguments and environments of children, nor in errors."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import stat
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.endpoints.secret_service import SecretService
from tests.support.programs import require
from tui.endpoints.errors import EndpointsError
from tui.endpoints.file import EndpointFile
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.stores import SecretStores
from tui.endpoints.secrets.vault import VaultStore
from tui.oci.access import Credential
from tui.oci.errors import RegistryError

pytestmark = pytest.mark.real

PLANTED = 'pl4nted/"secret" ü'
PASSPHRASE = "pl4nted-passphrase"
FORMS = tuple(
    form.encode()
    for secret in (PLANTED, PASSPHRASE)
    for form in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode()[:-4],
        base64.b64encode(f"bob:{secret}".encode()).decode()[:-4],
    )
)


def endpoint(store: StoreName, number: int) -> Endpoint:
    return Endpoint(
        f"on {store}", f"r{number}.example.com", username="bob", store=store, password_env="REG_PASSWORD",
        username_env="REG_USER" if store == "env" else "",
    )  # fmt: skip


def shows(content: bytes) -> bool:
    return any(form in content for form in FORMS)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


class Watch:
    """Looks at the arguments and environments of all processes below this one, again and again."""

    def __init__(self) -> None:
        self.seen: dict[int, bytes] = {}
        self.leaks: list[bytes] = []

    async def run(self) -> None:
        while True:
            for pid in list(descendants(os.getpid())):
                self._look_at(pid)
            await asyncio.sleep(0.002)

    def _look_at(self, pid: int) -> None:
        for name in ("cmdline", "environ"):
            # Where this user may not read the environment of the helper, no other program of the user can either.
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                content = Path(f"/proc/{pid}/{name}").read_bytes()
                self.seen.setdefault(pid, content)
                if shows(content):
                    self.leaks.append(content)


def everything(error: BaseException) -> str:
    """Return all an error could show: traceback with its causes and contexts, texts, reprs and attributes."""
    parts = traceback.format_exception(error)
    found: BaseException | None = error
    while found is not None:
        parts += [repr(found), repr(found.args), repr(vars(found))]
        found = found.__cause__ or found.__context__
    return "\n".join(parts)


async def collect(errors: list[BaseException], *works: Awaitable[object]) -> None:
    for work in works:
        try:
            await work
        except (EndpointsError, RegistryError) as error:
            errors.append(error)


async def test_a_planted_secret_is_found_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    require("dbus-daemon", "gnome-keyring-daemon")
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    config = tmp_path / "config"
    service = SecretService()
    helper = tmp_path / "bin" / "docker-credential-kept"
    helper.parent.mkdir()
    helper.write_text(
        "#!/bin/sh\nsleep 0.1\n[ $1 = get ] && { echo credentials not found; exit 1; }\ncat >&2; exit 2\n"
    )
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    docker = service.root / "home" / ".docker" / "config.json"
    docker.parent.mkdir()
    docker.write_text('{"credsStore": "kept"}')
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    environ = service.environ | {
        "PATH": f"{helper.parent}:{os.environ['PATH']}",
        "REGFERRY_CONFIG_DIR": str(config),
        "REG_PASSWORD": PLANTED,
    }
    asked = iter([PASSPHRASE, f"{PLANTED} wrong", None])

    async def ask(_: object) -> str | None:
        return next(asked)

    secret = Credential("bob", PLANTED)
    names: tuple[StoreName, ...] = ("keyring", "vault", "kernel", "docker", "session", "env")
    endpoints = [endpoint(name, number) for number, name in enumerate(names)]
    on = dict(zip(names, endpoints, strict=True))
    file = EndpointFile(config / "endpoints.toml")
    for each in endpoints:
        file.add(each)
    errors: list[BaseException] = []
    watch = Watch()
    watching = asyncio.create_task(watch.run())
    vault = VaultStore(config / "vault.json", ask, cost=(2**10, 8, 1))
    try:
        async with SecretStores(environ=environ, vault=vault, endpoints=endpoints) as stores:
            for name in ("keyring", "vault", "session"):
                await stores.put(on[name], secret)
            await collect(errors, stores.put(on["docker"], secret), stores.put(on["env"], secret))
            moved = await stores.move(on["keyring"], on["vault"], lambda new: file.replace(on["vault"].name, new))
            assert moved.found
            await stores.put(on["keyring"], secret)
            vault.lock()
            resolver = AccessResolver(endpoints, stores, environ=environ, cert_roots=())
            await collect(errors, *(resolver.access_of(each) for each in endpoints))
            await collect(errors, stores.unlock("vault", PLANTED), stores.unlock("keyring", PLANTED))
            service.freeze()
            await collect(errors, stores.unlock("keyring", PASSPHRASE), stores.put(on["keyring"], secret))
            for content in (b"{", (config / "vault.json").read_bytes()[:-9]):
                (config / "vault.json").write_bytes(content)
                await collect(errors, stores.get(on["vault"]), stores.unlock("vault", PASSPHRASE))
            await stores.delete(on["session"])
            await stores.survey()
        service.thaw()
    finally:
        watching.cancel()
        service.close()
    assert len(errors) >= 8
    assert [text for text in map(everything, errors) if shows(text.encode())] == []
    assert len(watch.seen) >= 3
    assert watch.leaks == []
    written = files_below(tmp_path)
    assert {"endpoints.toml", "vault.json"} <= {path.name for path in written}
    assert [path for path in written if shows(path.read_bytes())] == []
    assert not shows(caplog.text.encode())


def test_the_search_finds_what_it_looks_for():
    assert shows(f"x{PLANTED}y".encode())
    assert shows(json.dumps({"auth": base64.b64encode(f"bob:{PLANTED}".encode()).decode()}).encode())
    assert shows(everything(ValueError(PASSPHRASE)).encode())
