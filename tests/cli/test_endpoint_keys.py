"""Access keys of clouds on the command line: stored, tried, used, renewed, and nowhere to be read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.providers.acr.conftest import KEY_ID, SECRET, Acr, default, edition, enterprise
from tests.providers.tcr.conftest import Tcr, tcr
from tests.support.cli import Cli, Result
from tests.support.clouds.acr_enterprise import INSTANCE, REGION
from tests.support.clouds.state import Key

__all__ = ["default", "edition", "enterprise", "tcr"]

pytestmark = pytest.mark.real


class Operator:
    """Runs the command line with a vault, and looks for the secrets in everything it leaves."""

    def __init__(self, folder: Path) -> None:
        self._cli = Cli(folder)
        passphrase = folder / "passphrase"
        passphrase.write_text("a passphrase for tests")
        passphrase.chmod(0o600)
        self._env = {"REGFERRY_VAULT_PASSPHRASE_FILE": str(passphrase)}

    async def run(self, *arguments: str, given: str = "", **env: str) -> Result:
        result = await asyncio.to_thread(self._cli.run, *arguments, input=given, env={**self._env, **env})
        assert "planted" not in result.out + result.err
        assert not [path for path in self._cli.folder.rglob("*") if path.is_file() and b"planted" in path.read_bytes()]
        return result

    async def json(self, *arguments: str, given: str = "", status: int = 0, **env: str) -> dict[str, Any]:
        return (await self.run(*arguments, "--json", given=given, **env)).expect(status)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


async def test_a_key_from_nothing_to_a_copy(operator: Operator, edition: Acr) -> None:
    added = await operator.json(
        "endpoint", "add", "acr", edition.front.address, "--access-key", KEY_ID, "--api", edition.api.url, "--store",
        "vault", "--password-stdin", given=f"{SECRET}\n",
    )  # fmt: skip
    endpoint = added["endpoint"]
    assert (endpoint["kind"], endpoint["login"], endpoint["username"]) == ("acr", "key", KEY_ID)
    assert (endpoint["region"], added["detected"]["edition"]) == (REGION, endpoint["edition"])
    tested = await operator.json("endpoint", "test", "acr", "--push", "team/app")
    assert [step["state"] for step in tested["steps"] if step["name"] in ("login", "push")] == ["ok", "ok"]
    copied = await operator.json(
        "copy", f"{edition.front.address}/team/none", f"{edition.front.address}/team/b", status=1
    )
    assert copied["failed"][0]["class"] in ("GONE", "RULE")


async def test_a_wrong_secret_is_not_stored(operator: Operator, enterprise: Acr) -> None:
    await operator.json("endpoint", "add", "acr", enterprise.front.address, "--api", enterprise.api.url)
    login = ("endpoint", "login", "acr", "--access-key", KEY_ID, "--store", "vault", "--password-stdin")
    refused = await operator.json(*login, given="planted-another\n", status=4)
    assert "the secret of the AccessKey is wrong" in refused["error"]["message"]
    assert "store the AccessKey again" in refused["error"]["hint"]
    kept = await operator.json(*login, "--instance", INSTANCE, given=f"{SECRET}\n")
    assert (kept["accepted"], kept["endpoint"]["instance"]) == (True, INSTANCE)
    listed = await operator.json("endpoint", "list")
    assert [(each["username"], each["login"]) for each in listed["endpoints"]] == [(KEY_ID, "key")]


async def test_a_temporary_key_brings_its_token(operator: Operator, enterprise: Acr) -> None:
    enterprise.cloud.keys["STS.NUexample"] = Key(SECRET, session_token="planted-token")
    await operator.json("endpoint", "add", "acr", enterprise.front.address, "--api", enterprise.api.url)
    login = ("endpoint", "login", "acr", "--access-key", "STS.NUexample", "--store", "vault", "--password-stdin")
    refused = await operator.json(*login, given=f"{SECRET}\n", status=4)
    assert "STS token is missing" in refused["error"]["message"]
    assert (await operator.run(*login, "--sts-token", given=f"{SECRET}\n")).exit == 2
    kept = await operator.json(*login, "--sts-token", given=f"{SECRET}\nplanted-token\n")
    assert kept["accepted"] is True
    # The same out of variables that the endpoint names.
    await operator.json(
        "endpoint", "add", "named", enterprise.front.address, "--api", enterprise.api.url, "--access-key",
        "STS.NUexample", "--password-env", "KEY_SECRET", "--token-env", "KEY_TOKEN",
    )  # fmt: skip
    env = {"KEY_SECRET": SECRET, "KEY_TOKEN": "planted-token"}
    tested = await operator.json("endpoint", "test", "named", "--push", "team/app", **env)
    assert [step["state"] for step in tested["steps"] if step["name"] == "push"] == ["ok"]
    enterprise.cloud.keys["STS.NUexample"].ends_at = 0.0
    expired = await operator.run("endpoint", "test", "named", **env)
    assert expired.exit == 4
    assert "STS token of this AccessKey has expired" in expired.out


async def test_a_key_of_tencent_cloud(operator: Operator, tcr: Tcr) -> None:
    added = await operator.json(
        "endpoint", "add", "tcr", tcr.front.address, "--kind", "tcr", "--api", tcr.api.url, "--access-key",
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3example", "--store", "vault", "--password-stdin", given=f"{SECRET}\n",
    )  # fmt: skip
    assert added["endpoint"]["login"] == "key"
    tested = await operator.json("endpoint", "test", "tcr", "--push", "team/app")
    assert [step["state"] for step in tested["steps"] if step["name"] == "push"] == ["ok"]


async def test_options_that_do_not_go_together(operator: Operator) -> None:
    add = ("endpoint", "add", "x", "registry.invalid")
    for options in (
        ("--username", "a", "--access-key", "LTAI5tExampleExample0001"),
        ("--sts-token",),
        ("--token-env", "T"),
        ("--password-stdin",),
    ):
        await operator.json(*add, *options, given="x\n", status=2)
    key = ("--access-key", "LTAI5tExampleExample0001")
    await operator.json(*add, *key, "--kind", "acr", "--store", "docker", status=2)
    await operator.json("endpoint", "add", "h", "harbor.invalid")
    refused = await operator.json("endpoint", "login", "h", *key, "--password-stdin", given="x\n", status=2)
    assert "takes no access keys" in refused["error"]["message"]
    refused = await operator.json(*add, *key, status=2)
    assert "takes no access keys" in refused["error"]["message"]


async def test_namespaces_are_listed_looked_at_and_prepared(operator: Operator, enterprise: Acr) -> None:
    await operator.json(
        "endpoint", "add", "acr", enterprise.front.address, "--access-key", KEY_ID, "--api", enterprise.api.url,
        "--store", "vault", "--password-stdin", given=SECRET,
    )  # fmt: skip
    listed = await operator.json("endpoint", "namespaces", "acr")
    assert {each["name"]: each["creates"] for each in listed["namespaces"]} == {"team": True, "strict": False}
    assert (await operator.json("endpoint", "namespaces", "acr", "strict"))["repositories"] == ["strict/there"]
    found = await operator.json("endpoint", "prepare", "acr", "fresh", "strict/app", "team", status=1)
    assert [each["can_do"] for each in found["findings"] if each["severity"] == "problem"] == [
        "create the namespace fresh, private",
        "switch on auto-create in strict",
    ]
    assert found["done"] == []
    shown = await operator.run("endpoint", "prepare", "acr", "fresh")
    assert "next: regferry endpoint prepare acr fresh --create" in shown.out
    made = await operator.json("endpoint", "prepare", "acr", "strict/app", "--create", "--repositories")
    assert "strict/app" in enterprise.cloud.repositories
    assert not enterprise.cloud.spaces["strict"].creates
    made = await operator.json("endpoint", "prepare", "acr", "fresh", "strict/other", "--create")
    assert made["done"] == ["create the namespace fresh, private", "switch on auto-create in strict"]
    assert enterprise.cloud.spaces["fresh"].creates
    assert enterprise.cloud.spaces["strict"].creates
    policy = (await operator.json("endpoint", "policy", "acr", "fresh"))["policy"]
    resources = [resource for each in policy["Statement"] for resource in each["Resource"]]
    assert any(f"repository/{INSTANCE}/fresh/*" in resource for resource in resources)


async def test_a_password_shows_the_policy_and_no_namespaces(
    operator: Operator, enterprise: Acr, tmp_path: Path
) -> None:
    await operator.json("endpoint", "add", "acr", enterprise.front.address)
    refused = await operator.json("endpoint", "namespaces", "acr", status=1)
    assert "without an access key" in refused["error"]["message"]
    found = await operator.json("endpoint", "prepare", "acr", "team/a/b", status=0)
    assert "team/a/b" in found["findings"][0]["finding"]
    await operator.run("endpoint", "policy", "acr", "team", "--out", str(tmp_path / "policy.json"))
    assert INSTANCE in (tmp_path / "policy.json").read_text()
    await operator.json("endpoint", "add", "tcr", "127.0.0.1:9", "--kind", "tcr")
    found = await operator.json("endpoint", "policy", "tcr", "team")
    assert found["policy"]["version"] == "2.0"
    assert "in the place of tcr-xxxxxxxx" in found["unconfirmed"]
    await operator.json("endpoint", "add", "other", "registry.invalid")
    refused = await operator.json("endpoint", "prepare", "other", "team", status=1)
    assert "nothing can be prepared" in refused["error"]["message"]
