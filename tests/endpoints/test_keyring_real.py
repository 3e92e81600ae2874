"""The OS keyring as it is on a host one reaches over SSH: open, locked, absent, not answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.endpoints.secret_service import SecretService, SilentPrompter
from tests.support.loop_lag import LoopLag
from tests.support.programs import require
from tui.endpoints.errors import StoreAbsent, StoreLocked, StoreNotAnswering, WrongPassphrase
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets.blocking import BlockingStores
from tui.endpoints.secrets.keyring_store import KeyringStore
from tui.endpoints.secrets.stores import SecretStores
from tui.oci.access import Credential

pytestmark = pytest.mark.real

PASSPHRASE = "login passphrase"
BOB = Endpoint("bob at harbor", "harbor.example.com", username="bob", store="keyring")
EVE = Endpoint("eve at harbor", "harbor.example.com", username="eve", store="keyring")
SECRET = Credential("bob", 'pä"ss\n$1')


@pytest.fixture
def service() -> Iterator[SecretService]:
    require("dbus-daemon", "gnome-keyring-daemon")
    service = SecretService()
    yield service
    service.close()


@pytest.fixture
async def keyring(service: SecretService) -> AsyncIterator[KeyringStore]:
    keyring = KeyringStore(service.environ)
    yield keyring
    await keyring.close()


async def state(keyring: KeyringStore) -> tuple[str, str, str]:
    status = await keyring.status()
    assert status.message
    assert status.next_step or status.state == "available"
    return status.state, status.reason, status.opening


async def test_secrets_are_kept_per_account_and_outlive_the_helper(service, keyring):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    assert await state(keyring) == ("available", "ready", "")
    assert await keyring.get(BOB) is None
    await keyring.put(BOB, SECRET)
    await keyring.put(EVE, Credential("eve", "other"))
    await keyring.close()
    assert await keyring.get(BOB) == SECRET
    assert await keyring.get(EVE) == Credential("eve", "other")
    await keyring.put(BOB, Credential("bob", "new"))
    assert await keyring.get(BOB) == Credential("bob", "new")
    assert await keyring.delete(BOB)
    assert not await keyring.delete(BOB)
    assert await keyring.get(BOB) is None
    assert await keyring.get(EVE) == Credential("eve", "other")


async def test_a_locked_keyring_says_so_without_a_prompt_and_opens_with_its_passphrase(service, keyring):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    await keyring.put(BOB, SECRET)
    service.lock()
    prompter = SilentPrompter(service)
    try:
        assert await state(keyring) == ("locked", "needs-prompt", "unlock")
        for work in (keyring.get(BOB), keyring.put(BOB, SECRET), keyring.delete(BOB)):
            with pytest.raises(StoreLocked, match="is locked") as caught:
                await work
            assert "vault" in caught.value.hint
        with pytest.raises(WrongPassphrase):
            await keyring.unlock("wrong")
        assert (await keyring.status()).state == "locked"
        await keyring.unlock(PASSPHRASE)
        assert await state(keyring) == ("available", "ready", "")
        assert await keyring.get(BOB) == SECRET
        assert prompter.calls == []
    finally:
        prompter.close()


async def test_a_host_without_a_keyring_yet_gets_one_that_is_encrypted(service, keyring):
    service.start_bus()
    service.start_keyring()
    assert await state(keyring) == ("absent", "no-default", "create")
    with pytest.raises(StoreAbsent, match="no keyring yet"):
        await keyring.put(BOB, SECRET)
    with pytest.raises(StoreAbsent):
        await keyring.unlock(PASSPHRASE)
    with pytest.raises(StoreAbsent):
        await keyring.unlock("", create=True)
    await keyring.unlock(PASSPHRASE, create=True)
    await keyring.put(BOB, Credential("bob", "planted-secret"))
    assert await keyring.get(BOB) == Credential("bob", "planted-secret")
    written = service.files()
    assert any(path.suffix == ".keyring" for path in written)
    assert [path for path in written if b"planted-secret" in path.read_bytes()] == []
    service.lock()
    await keyring.unlock(PASSPHRASE)
    assert await keyring.get(BOB) == Credential("bob", "planted-secret")


async def test_no_bus_and_no_service_are_told_apart(service, keyring):
    assert await state(keyring) == ("absent", "no-bus", "")
    with pytest.raises(StoreAbsent, match="no D-Bus session"):
        await keyring.get(BOB)
    service.start_bus()
    await keyring.close()
    assert await state(keyring) == ("absent", "no-service", "")
    with pytest.raises(StoreAbsent, match="No keyring service"):
        await keyring.unlock(PASSPHRASE)


async def test_the_bus_of_the_user_is_found_when_the_login_does_not_name_it(service, keyring):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    (service.root / "run" / "bus").symlink_to(service.root / "bus")
    unnamed = {name: value for name, value in service.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
    found = KeyringStore(unnamed)
    try:
        assert await state(found) == ("available", "ready", "")
    finally:
        await found.close()


async def test_a_daemon_that_does_not_answer_is_stuck_and_comes_back(service, keyring):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    await keyring.put(BOB, SECRET)
    service.freeze()
    async with LoopLag() as lag:
        assert await state(keyring) == ("stuck", "timeout", "")
        with pytest.raises(StoreNotAnswering, match="does not answer"):
            await keyring.get(BOB)
    assert lag.ticks > 0
    assert lag.longest_seconds < 0.2, lag.culprit
    service.thaw()
    assert await state(keyring) == ("available", "ready", "")
    assert await keyring.get(BOB) == SECRET


async def test_a_service_that_never_starts_is_stuck(service, keyring):
    service.start_bus(never_ready=True)
    assert await state(keyring) == ("stuck", "timeout", "")


async def test_nothing_blocks_the_loop_when_the_keyring_works(service):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    async with SecretStores(environ=service.environ | {"REGFERRY_CONFIG_DIR": str(service.root)}) as stores:
        async with LoopLag() as lag:
            assert len(await stores.survey()) == 6
            await stores.put(BOB, SECRET)
            assert await asyncio.gather(*(stores.get(BOB) for _ in range(20))) == [SECRET] * 20
        assert lag.longest_seconds < 0.2, lag.culprit


def test_the_command_line_uses_the_same_stores(service):
    service.start_bus()
    service.start_keyring(PASSPHRASE)
    with BlockingStores(SecretStores(environ=service.environ)) as stores:
        stores.put(BOB, SECRET)
        assert stores.get(BOB) == SECRET
        assert stores.survey()[0].store == "keyring"
        assert stores.delete(BOB)
