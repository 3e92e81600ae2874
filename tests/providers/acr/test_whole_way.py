"""The AccessKey on its whole way: kept with an endpoint, handed to the process of a run, tried by the command line."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.providers.acr.conftest import KEY_ID, SECRET, Acr
from tests.support.cli import Cli, environment
from tests.support.clouds.state import Key
from tui.endpoints.file import EndpointFile
from tui.endpoints.handover import pack, unpack
from tui.endpoints.secrets.stores import SecretStores
from tui.engine.logins import LoginSources
from tui.oci.access import Credential
from tui.oci.reference import Repository
from tui.providers.acr.account import AcrAccount
from tui.providers.cloud import account_of


async def test_the_process_of_a_run_is_handed_the_key_and_gets_logins_itself(edition: Acr, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    (tmp_path / "config").mkdir()
    endpoint = edition.endpoint(username="STS.NUexample")
    EndpointFile(tmp_path / "config" / "endpoints.toml").add(endpoint)
    edition.cloud.keys["STS.NUexample"] = Key(SECRET, session_token="sts")
    handed = unpack(pack({endpoint.id: edition.access(key_id="STS.NUexample", token="sts")}))
    assert handed[endpoint.id].credential == Credential("STS.NUexample", SECRET, session_token="sts")
    async with LoginSources().opened(ask=None, warn=print, environ=environ, given=handed) as (_, target):
        access = await target.access(Repository(edition.front.address, "team/app"))
    assert isinstance(account_of(access), AcrAccount)
    assert access.temporary is not None
    login = await access.temporary.current()
    assert edition.cloud.knows(login.username, login.password)


async def test_a_vault_keeps_the_sts_token_too(tmp_path: Path, edition: Acr) -> None:
    key = Credential(KEY_ID, SECRET, session_token="planted-sts-token")
    endpoint = edition.endpoint(store="vault")
    async with SecretStores(environ=environment(tmp_path)) as stores:
        await stores.unlock("vault", "a long passphrase", create=True)
        await stores.put(endpoint, key)
        assert await stores.get(endpoint) == key


async def test_the_command_line_tries_the_endpoint(edition: Acr, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    (tmp_path / "config").mkdir()
    endpoint = replace(edition.endpoint(), store="env", password_env="SECRET_OF_THE_KEY")
    EndpointFile(tmp_path / "config" / "endpoints.toml").add(endpoint)

    def tried(secret: str) -> tuple[int, str]:
        arguments = ("endpoint", "test", "acr", "--push", "team/app", "--json")
        result = cli.run(*arguments, env={"SECRET_OF_THE_KEY": secret})
        assert secret not in result.out + result.err
        return result.exit, result.out

    status, out = await asyncio.to_thread(tried, SECRET)
    assert (status, '"failed"' in out) == (0, False), out
    status, out = await asyncio.to_thread(tried, "not-the-secret-of-it")
    assert status == 4
    assert "secret of the AccessKey is wrong" in out
