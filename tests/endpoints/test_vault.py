from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.loop_lag import LoopLag
from tui.endpoints.errors import StoreAbsent, StoreDamaged, StoreLocked, StoreRefused, WrongPassphrase
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets import vault_format
from tui.endpoints.secrets.passphrase import PassphraseRequest
from tui.endpoints.secrets.vault import VaultStore
from tui.oci.access import Credential
from tui.oci.errors import LocalError

CHEAP = (2**10, 8, 1)
PASSPHRASE = "correct horse battery"
BOB = Endpoint("bob", "a.example.com", username="bob", store="vault")
EVE = Endpoint("eve", "a.example.com", username="eve", store="vault")
SECRET = Credential("bob", "planted-secret ü$1")


class Person:
    """Answers requests for passphrases in order, and keeps the requests."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.requests: list[PassphraseRequest] = []

    async def __call__(self, request: PassphraseRequest) -> str | None:
        self.requests.append(request)
        await asyncio.sleep(0)
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "vault.json"


@pytest.fixture
def vault(path: Path):
    return lambda *answers: VaultStore(path, Person(*answers), cost=CHEAP)


@pytest.fixture
async def filled(path: Path, vault) -> Path:
    await vault(PASSPHRASE).put(BOB, SECRET)
    return path


async def test_what_is_put_is_there_for_the_next_process_and_asked_for_once(filled, vault):
    person = Person(PASSPHRASE)
    store = VaultStore(filled, person)
    assert await asyncio.gather(*(store.get(BOB) for _ in range(10))) == [SECRET] * 10
    assert await store.get(EVE) is None
    await store.put(EVE, Credential("eve", "other"))
    assert await store.get(EVE) == Credential("eve", "other")
    assert await store.delete(BOB)
    assert not await store.delete(BOB)
    assert await store.get(BOB) is None
    assert person.requests == [PassphraseRequest(str(filled))]


async def test_the_file_is_private_and_shows_neither_secrets_nor_whose_they_are(filled):
    assert filled.stat().st_mode & 0o777 == 0o600
    assert filled.parent.stat().st_mode & 0o777 == 0o700
    content = filled.read_bytes()
    for shown in (b"planted", b"bob", b"example", BOB.id.encode(), base64.b64encode(SECRET.password.encode())[:12]):
        assert shown not in content
    document = json.loads(content)
    assert (document["format"], document["version"], document["kdf"]["name"]) == ("regferry vault", 1, "scrypt")


async def test_the_default_cost_is_what_is_recommended(path):
    store = VaultStore(path)
    async with LoopLag() as lag:
        await store.unlock(PASSPHRASE, create=True)
    assert lag.longest_seconds < 0.2, lag.culprit
    kdf = json.loads(path.read_bytes())["kdf"]
    assert (kdf["n"], kdf["r"], kdf["p"]) == (65536, 8, 2)


async def test_a_new_vault_asks_for_a_new_passphrase_and_wants_a_long_one(path, vault):
    person = Person("short", PASSPHRASE)
    store = VaultStore(path, person, cost=CHEAP)
    with pytest.raises(StoreRefused, match="too short"):
        await store.put(BOB, SECRET)
    assert not path.exists()
    await store.put(BOB, SECRET)
    assert [request.new for request in person.requests] == [True, True]
    with pytest.raises(StoreAbsent, match="no passphrase for a new one"):
        await VaultStore(path.with_name("other.json")).put(BOB, SECRET)


async def test_a_wrong_passphrase_is_asked_for_again_three_times(filled, vault):
    person = Person("wrong one", "wrong two", PASSPHRASE)
    assert await VaultStore(filled, person).get(BOB) == SECRET
    assert [request.problem for request in person.requests] == [
        "",
        "The passphrase does not open the vault.",
        "The passphrase does not open the vault.",
    ]
    with pytest.raises(WrongPassphrase) as caught:
        await vault("w1", "planted-secret", "w3", PASSPHRASE).get(BOB)
    assert "planted" not in f"{caught.value!r} {caught.value.hint}"
    with pytest.raises(WrongPassphrase):
        await vault().unlock("wrong")


async def test_without_a_passphrase_it_is_locked(filled, vault):
    with pytest.raises(StoreLocked, match="no passphrase was given") as caught:
        await vault(None).get(BOB)
    assert "REGFERRY_VAULT_PASSPHRASE_FD" in caught.value.hint
    with pytest.raises(StoreLocked):
        await VaultStore(filled).put(BOB, SECRET)


async def test_a_missing_vault_is_told_and_never_made_by_reading(path, vault):
    with pytest.raises(StoreAbsent, match="There is no vault at"):
        await vault(PASSPHRASE).get(BOB)
    with pytest.raises(StoreAbsent):
        await vault().unlock(PASSPHRASE)
    assert not await vault(PASSPHRASE).delete(BOB)
    assert not path.exists()


async def test_the_states_it_reports(path, vault):
    store = vault()
    assert [(s := await store.status()).state, s.opening, s.can_save] == ["absent", "create", True]
    await store.unlock(PASSPHRASE, create=True)
    assert [(s := await store.status()).state, s.opening, s.can_save] == ["available", "", True]
    store.lock()
    assert [(s := await store.status()).state, s.opening] == ["locked", "unlock"]
    path.write_bytes(b"{")
    assert [(s := await store.status()).state, s.reason, s.can_save] == ["refused", "unusable", False]


async def test_every_cut_of_the_file_is_damage_and_the_file_is_left_alone(filled, vault):
    whole = filled.read_bytes()
    for length in range(0, len(whole) - 2):
        with pytest.raises(StoreDamaged):
            vault_format.read(whole[:length])
    filled.write_bytes(whole[: len(whole) // 2])
    for work in (vault(PASSPHRASE).get(BOB), vault(PASSPHRASE).put(BOB, SECRET), vault(PASSPHRASE).delete(BOB)):
        with pytest.raises(StoreDamaged, match="damaged") as caught:
            await work
        assert "backup" in caught.value.hint
    assert filled.read_bytes() == whole[: len(whole) // 2]


@pytest.mark.parametrize("field", ["nonce", "sealed"])
async def test_changed_content_is_damage(filled, vault, field):
    document = json.loads(filled.read_bytes())
    value = bytearray(base64.b64decode(document[field]))
    value[0] ^= 1
    filled.write_text(json.dumps(document | {field: base64.b64encode(value).decode()}))
    with pytest.raises(StoreDamaged, match="its content was changed"):
        await vault(PASSPHRASE).get(BOB)


async def test_a_changed_header_never_opens(filled, vault):
    document = json.loads(filled.read_bytes())
    for changed in ({"note": "added"}, {"kdf": document["kdf"] | {"extra": 1}}):
        filled.write_text(json.dumps(document | changed))
        with pytest.raises(StoreDamaged):
            await vault(PASSPHRASE).get(BOB)
    filled.write_text(json.dumps(document | {"kdf": document["kdf"] | {"n": 2048}}))
    with pytest.raises(WrongPassphrase):
        await vault(*[PASSPHRASE] * 3).get(BOB)


@pytest.mark.parametrize(
    "kdf",
    [{"n": 2**40}, {"n": 1000}, {"n": 0}, {"r": 4096}, {"p": 10**6}, {"n": "x"}, {"name": "md5"}, {"salt": "!"}],
    ids=str,
)
async def test_a_header_that_would_take_all_memory_is_damage(filled, kdf):
    document = json.loads(filled.read_bytes())
    document["kdf"] |= kdf
    with pytest.raises(StoreDamaged):
        vault_format.read(json.dumps(document).encode())


async def test_a_newer_version_is_not_touched(filled, vault):
    document = json.loads(filled.read_bytes()) | {"version": 2}
    filled.write_text(json.dumps(document))
    with pytest.raises(StoreDamaged, match=r"newer regferry") as caught:
        await vault(PASSPHRASE).put(EVE, SECRET)
    assert caught.value.hint == "update regferry"
    assert json.loads(filled.read_bytes()) == document


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe", b"null", b"{}", b""])
async def test_files_that_are_no_vault_are_damage(content):
    with pytest.raises(StoreDamaged):
        vault_format.read(content)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
async def test_a_vault_others_may_read_is_refused_with_the_command_that_helps(filled, vault):
    filled.chmod(0o644)
    with pytest.raises(StoreRefused, match="can be read by others") as caught:
        await vault(PASSPHRASE).get(BOB)
    assert caught.value.hint.startswith(f"chmod 600 {filled}")


async def test_the_passphrase_can_be_changed(filled, vault):
    store = vault()
    with pytest.raises(StoreLocked):
        await store.change_passphrase("another passphrase")
    await store.unlock(PASSPHRASE)
    await store.change_passphrase("another passphrase")
    assert await store.get(BOB) == SECRET
    with pytest.raises(WrongPassphrase):
        await vault().unlock(PASSPHRASE)
    assert await vault("another passphrase").get(BOB) == SECRET


async def test_a_vault_changed_meanwhile_is_opened_anew(filled, vault):
    store = vault(PASSPHRASE, "another passphrase")
    assert await store.get(BOB) == SECRET
    other = vault()
    await other.unlock(PASSPHRASE)
    await other.change_passphrase("another passphrase")
    await store.put(EVE, Credential("eve", "other"))
    assert await vault("another passphrase").get(EVE) == Credential("eve", "other")
    assert await vault("another passphrase").get(BOB) == SECRET


async def test_accents_are_the_same_however_a_terminal_sends_them(path, vault):
    await vault().unlock("pässphräse", create=True)
    await vault().unlock("pa\u0308ssphra\u0308se")


WRITER = """
import asyncio, sys
from pathlib import Path
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets.vault import VaultStore
from tui.oci.access import Credential
async def main():
    async def ask(request): return sys.stdin.readline().strip() or None
    store = VaultStore(Path(sys.argv[1]), ask)
    for n in range(5):
        name = f"{sys.argv[2]}{n}"
        endpoint = Endpoint(name, "a.example.com", store="vault", id=name.encode().hex().rjust(8, "0"))
        await store.put(endpoint, Credential("u", name))
asyncio.run(main())
"""


async def test_writers_in_several_processes_lose_nothing(filled, vault):
    root = str(Path(__file__).parents[2])
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, str(filled), f"writer{n}"),
            env=os.environ | {"PYTHONPATH": root},
            stdin=asyncio.subprocess.PIPE,
        )
        for n in range(4)
    ]
    await asyncio.gather(*(writer.communicate(f"{PASSPHRASE}\n".encode()) for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    store = vault(PASSPHRASE)
    for name in (f"writer{w}{n}" for w in range(4) for n in range(5)):
        endpoint = Endpoint(name, "a.example.com", store="vault", id=name.encode().hex().rjust(8, "0"))
        assert await store.get(endpoint) == Credential("u", name)
    assert await store.get(BOB) == SECRET
    assert sorted(path.name for path in filled.parent.iterdir()) == ["vault.json", "vault.json.lock"]


async def test_a_write_that_fails_leaves_the_old_vault(filled, vault, monkeypatch):
    whole = filled.read_bytes()
    store = vault(PASSPHRASE)
    await store.get(BOB)

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(LocalError, match="No space left"):
        await store.put(EVE, SECRET)
    assert filled.read_bytes() == whole
    assert sorted(path.name for path in filled.parent.iterdir()) == ["vault.json", "vault.json.lock"]


async def test_a_secret_too_large_is_refused_before_anything_is_written(path, vault):
    with pytest.raises(StoreRefused, match="64 KiB"):
        await vault(PASSPHRASE).put(BOB, Credential("bob", "x" * 70_000))
    assert not path.exists()
