from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.endpoints.test_vault import CHEAP, PASSPHRASE, Person
from tui.endpoints.errors import EndpointsError, StoreAbsent, StoreLocked, StoreRefused
from tui.endpoints.file import EndpointFile
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets import kernel
from tui.endpoints.secrets.payload import account_key, from_text, to_text
from tui.endpoints.secrets.stores import SecretStores
from tui.endpoints.secrets.vault import VaultStore
from tui.oci.access import Credential
from tui.oci.errors import Unauthenticated
from tui.oci.reference import Repository

HOST = "harbor.example.com"
SECRET = Credential("bob", "planted-secret")


def endpoint(store: StoreName, **fields: object) -> Endpoint:
    return Endpoint(**{"name": "e", "address": HOST, "username": "bob", "store": store, "id": "0a0b0c0d"} | fields)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "REGFERRY_CONFIG_DIR": str(tmp_path / "config"),
    }


@pytest.fixture
async def stores(environ: dict[str, str], tmp_path: Path):
    vault = VaultStore(tmp_path / "config" / "vault.json", Person(PASSPHRASE, PASSPHRASE), cost=CHEAP)
    async with SecretStores(environ=environ, vault=vault) as stores:
        yield stores
        await stores.delete(endpoint("session"))


@pytest.fixture
def helper(environ: dict[str, str], tmp_path: Path) -> Path:
    """Configure a credential helper that keeps one login in a file, which is returned; it notes its environment."""
    kept = tmp_path / "kept.json"
    program = tmp_path / "bin" / "docker-credential-filed"
    program.write_text(
        f"#!/bin/sh\nenv >>{tmp_path}/helper.env\ncase $1 in\nstore) cat >{kept};;\nerase) rm -f {kept};;\n"
        f"get) cat {kept} 2>/dev/null || {{ echo credentials not found; exit 1; }};;\nesac\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    config = tmp_path / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credsStore": "filed"}))
    return kept


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("harbor.example.com", "harbor.example.com:0a0b0c0d"),
        ("10.0.0.5:5000", "10.0.0.5:5000:0a0b0c0d"),
        ("[::1]:5000", "::1:5000:0a0b0c0d"),
        ("docker.io", "docker.io:0a0b0c0d"),
    ],
)
def test_the_key_of_an_entry_names_registry_and_account(address, key):
    assert account_key(endpoint("vault", address=address)) == key


@pytest.mark.parametrize(
    "credential",
    [Credential("bob", 'p:"\n\x00ü'), Credential("bob", identity_token="t"), Credential(registry_token="r")],
    ids=["password", "identity", "bearer"],
)
def test_credentials_survive_being_written(credential):
    assert from_text(to_text(credential, "vault"), endpoint("vault", username=""), "vault") == credential


def test_an_entry_of_another_user_is_not_used():
    text = to_text(Credential("eve", "pw"), "vault")
    assert from_text(text, endpoint("vault"), "vault") is None
    assert from_text(text, endpoint("vault", username=""), "vault") == Credential("eve", "pw")


@pytest.mark.parametrize("text", ["planted", "[1]", '{"password": 1}', '{"other": "planted"}'])
def test_an_entry_that_is_not_ours_is_refused_and_not_repeated(text):
    with pytest.raises(StoreRefused, match="not written by regferry") as caught:
        from_text(text, endpoint("vault"), "vault")
    assert "planted" not in f"{caught.value!r} {caught.value.__context__!r}"


async def test_the_survey_lists_every_store_in_the_order_they_are_offered(stores):
    survey = await stores.survey()
    assert [status.store for status in survey] == ["keyring", "vault", "kernel", "docker", "session", "env"]
    said = {status.store: (status.state, status.can_save, status.opening) for status in survey}
    assert said["keyring"] == ("absent", False, "")
    assert said["vault"] == ("absent", True, "create")
    assert said["docker"] == ("available", False, "")
    assert said["session"] == ("available", True, "")
    assert said["env"] == ("available", False, "")
    for status in survey:
        assert status.title
        assert status.message
        assert status.lasts
        assert status.can_save or status.next_step


async def test_memory_keeps_a_secret_until_the_end_and_wins_over_the_store(stores):
    await stores.put(endpoint("session"), SECRET)
    assert await stores.get(endpoint("session")) == SECRET
    assert stores.given(endpoint("keyring")) == SECRET
    assert await stores.delete(endpoint("session"))
    assert stores.given(endpoint("keyring")) is None
    with pytest.raises(StoreAbsent):
        await stores.get(endpoint("keyring"))


async def test_variables_are_read_by_name(stores, environ):
    by_name = endpoint("env", password_env="REG_PASSWORD", username_env="REG_USER")
    with pytest.raises(StoreAbsent, match="variable REG_USER of the endpoint 'e' is not set") as caught:
        await stores.get(by_name)
    assert "export REG_USER" in caught.value.hint
    environ |= {"REG_USER": "carol", "REG_PASSWORD": "planted-secret"}
    found = await stores.get(by_name)
    assert found == Credential("carol", "planted-secret")
    assert found.origin == "variable REG_PASSWORD"
    assert await stores.get(replace(by_name, username_env="")) == SECRET
    with pytest.raises(StoreRefused, match="cannot set them"):
        await stores.put(by_name, SECRET)
    assert not await stores.delete(by_name)


async def test_docker_writes_through_a_helper_only(stores, tmp_path):
    with pytest.raises(StoreRefused, match="as plain text"):
        await stores.put(endpoint("docker"), SECRET)
    assert not (tmp_path / ".docker").exists()


async def test_docker_helpers_keep_one_login_and_not_that_of_somebody_else(stores, helper, environ):
    assert (await stores.status("docker")).can_save
    await stores.put(endpoint("docker"), SECRET)
    assert json.loads(helper.read_text())["Username"] == "bob"
    assert await stores.get(endpoint("docker")) == SECRET
    with pytest.raises(StoreRefused, match="login of another user"):
        await stores.put(endpoint("docker", username="eve"), Credential("eve", "other"))
    assert await stores.get(endpoint("docker")) == SECRET
    assert not await stores.delete(endpoint("docker", username="eve"))
    assert await stores.delete(endpoint("docker"))
    assert not helper.exists()
    await stores.put(endpoint("docker"), Credential("bob", identity_token="t"))
    assert json.loads(helper.read_text())["Username"] == "<token>"


async def test_a_helper_that_is_missing_is_told(stores, helper, environ):
    (Path(environ["HOME"]) / "bin" / "docker-credential-filed").unlink()
    status = await stores.status("docker")
    assert (status.state, status.reason) == ("refused", "no-helper")
    assert "docker-credential-filed" in status.message


async def test_variables_with_passwords_are_kept_from_helpers(stores, helper, environ, tmp_path):
    environ |= {"REG_PASSWORD": "planted-secret"}
    await stores.get(endpoint("env", password_env="REG_PASSWORD"))
    await stores.put(endpoint("docker"), SECRET)
    seen = (tmp_path / "helper.env").read_text()
    assert "HOME=" in seen
    assert "planted" not in seen


async def test_a_secret_moves_and_the_list_says_where_it_is(stores, tmp_path):
    file = EndpointFile(tmp_path / "config" / "endpoints.toml")
    old = endpoint("session")
    file.add(old)
    await stores.put(old, SECRET)
    moved = await stores.move(old, replace(old, store="vault"), lambda new: file.replace(old.name, new))
    assert (moved.found, moved.left_behind) == (True, "")
    assert stores.given(old) is None
    (listed,) = file.load()
    assert listed.store == "vault"
    assert await stores.get(listed) == SECRET
    back = await stores.move(listed, replace(listed, store="session"), lambda new: file.replace(old.name, new))
    assert await stores.get(back.endpoint) == SECRET
    assert await stores.get(replace(listed, store="vault")) is None


async def test_a_move_that_cannot_write_leaves_everything(stores):
    saved: list[Endpoint] = []
    old = endpoint("session")
    await stores.put(old, SECRET)
    for store, error in (("keyring", StoreAbsent), ("docker", StoreRefused)):
        with pytest.raises(error):
            await stores.move(old, replace(old, store=store), saved.append)
    with pytest.raises(StoreAbsent, match="is not set"):
        await stores.move(old, replace(old, store="env", password_env="NOWHERE"), saved.append)
    assert saved == []
    assert await stores.get(old) == SECRET


async def test_a_move_whose_list_cannot_be_saved_keeps_the_old_secret(stores):
    old = endpoint("session")
    await stores.put(old, SECRET)

    def cannot_save(_: Endpoint) -> None:
        raise EndpointsError("the list cannot be written")

    with pytest.raises(EndpointsError, match="cannot be written"):
        await stores.move(old, replace(old, store="vault"), cannot_save)
    assert await stores.get(old) == SECRET


async def test_moves_from_what_is_not_ours_leave_it_there_and_say_so(stores, helper, environ):
    await stores.put(endpoint("docker"), SECRET)
    moved = await stores.move(endpoint("docker"), endpoint("vault"), lambda _: None)
    assert "docker logout" in moved.left_behind
    assert helper.exists()
    environ["REG_PASSWORD"] = "from variable"
    by_name = endpoint("env", password_env="REG_PASSWORD")
    moved = await stores.move(by_name, endpoint("session"), lambda _: None)
    assert moved.left_behind == ""
    assert await stores.get(endpoint("session")) == Credential("bob", "from variable")


async def test_a_secret_that_cannot_be_read_is_no_obstacle_to_wanting_none(stores):
    saved: list[Endpoint] = []
    broken = endpoint("env", password_env="NOWHERE")
    with pytest.raises(StoreAbsent, match="is not set"):
        await stores.move(broken, endpoint("vault"), saved.append)
    moved = await stores.move(broken, endpoint("none"), saved.append)
    assert (moved.found, moved.left_behind, saved) == (False, "", [endpoint("none")])
    lost = await stores.move(endpoint("vault"), endpoint("none"), saved.append)
    assert "There is no vault" in lost.left_behind


async def test_moving_nothing_changes_the_list_only(stores):
    saved: list[Endpoint] = []
    new = endpoint("vault")
    moved = await stores.move(endpoint("session"), new, saved.append)
    assert (moved.found, saved) == (False, [new])
    assert not stores.vault.path.exists()


async def test_an_endpoint_moved_to_another_address_or_user_can_take_its_secret_along(stores):
    old, elsewhere = endpoint("vault"), endpoint("vault", address="new.example.com", username="robert")
    await stores.put(old, SECRET)
    await stores.move(old, elsewhere, lambda _: None)
    assert await stores.get(elsewhere) == Credential("robert", "planted-secret")
    assert await stores.get(old) is None


async def test_a_store_that_does_not_give_back_what_it_took_is_refused(stores, monkeypatch):
    async def loses(_: object, __: Endpoint) -> Credential | None:
        return Credential("bob", "something else")

    monkeypatch.setattr(VaultStore, "get", loses)
    with pytest.raises(StoreRefused, match="does not give it back") as caught:
        await stores.put(endpoint("vault"), SECRET)
    assert "planted" not in repr(caught.value)


async def test_an_anonymous_endpoint_has_no_secret(stores):
    assert await stores.get(endpoint("none")) is None
    with pytest.raises(StoreRefused):
        await stores.put(endpoint("none"), SECRET)
    with pytest.raises(StoreRefused, match="no passphrase"):
        await stores.unlock("session", "x")


async def test_the_resolver_says_which_store_why_and_what_next_and_asks_once(stores, environ, tmp_path):
    one, two = endpoint("keyring"), endpoint("vault", name="v", address="v.example.com", id="0a0b0c0e")
    await stores.put(two, SECRET)
    resolver = AccessResolver([one, two], stores, environ=environ, cert_roots=())
    with pytest.raises(Unauthenticated, match="no D-Bus session") as caught:
        await resolver.access(Repository(HOST, "x"))
    cause = caught.value.__cause__
    assert isinstance(cause, StoreAbsent)
    assert (cause.store, cause.state, caught.value.hint) == ("keyring", "absent", cause.hint)
    assert (await resolver.access(Repository("v.example.com", "x"))).credential == SECRET


async def test_a_failure_is_remembered_until_something_changes(environ, tmp_path):
    person = Person()
    vault = VaultStore(tmp_path / "vault.json", person, cost=CHEAP)
    await vault.unlock(PASSPHRASE, create=True)
    await vault.put(endpoint("vault"), SECRET)
    vault.lock()
    async with SecretStores(environ=environ, vault=vault) as stores:
        resolver = AccessResolver([endpoint("vault")], stores, environ=environ, cert_roots=())
        for _ in range(3):
            with pytest.raises(Unauthenticated) as caught:
                await resolver.access(Repository(HOST, "x"))
            assert isinstance(caught.value.__cause__, StoreLocked)
        assert len(person.requests) == 1
        await stores.unlock("vault", PASSPHRASE)
        resolver.forget()
        assert (await resolver.access(Repository(HOST, "x"))).credential == SECRET


@pytest.fixture
async def kernel_store():
    store = kernel.KernelStore()
    if (status := await store.status()).state != "available":
        pytest.skip(status.message)
    yield store
    await store.delete(endpoint("kernel"))


async def test_the_kernel_keeps_secrets_for_a_time(kernel_store, monkeypatch):
    assert await kernel_store.get(endpoint("kernel")) is None
    await kernel_store.put(endpoint("kernel"), SECRET)
    await kernel_store.put(endpoint("kernel"), Credential("bob", "newer"))
    assert await kernel_store.get(endpoint("kernel")) == Credential("bob", "newer")
    assert await kernel_store.delete(endpoint("kernel"))
    assert not await kernel_store.delete(endpoint("kernel"))
    assert await kernel_store.get(endpoint("kernel")) is None
    with pytest.raises(StoreRefused, match="too long"):
        await kernel_store.put(endpoint("kernel"), Credential("bob", "x" * 40_000))


async def test_a_system_without_kernel_keyring_says_so(monkeypatch):
    monkeypatch.setattr(kernel.platform, "machine", lambda: "pdp11")
    assert (await kernel.KernelStore().status()).state == "absent"
    with pytest.raises(StoreAbsent):
        await kernel.KernelStore().get(endpoint("kernel"))
