from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import tui.oci.lending
from tui.endpoints.access_keys import is_access_key
from tui.endpoints.errors import EndpointsError, StoreLocked
from tui.endpoints.model import Endpoint
from tui.endpoints.origins import Override
from tui.endpoints.resolve import AccessResolver
from tui.oci.access import Credential
from tui.oci.errors import Unauthenticated
from tui.oci.reference import Repository

HOST = "harbor.example.com"
ONE = Endpoint("one", HOST, username="u1", store="keyring", verify=False, proxy="http://proxy:3128")
TWO = Endpoint("two", HOST, username="u2", store="keyring")


@dataclass(frozen=True)
class Entry:
    match: str
    username: str = ""
    password: str = field(default="", repr=False)
    insecure: bool = False


class Stores:
    """Secrets by endpoint name; counts how often it is asked."""

    def __init__(self, **passwords: str) -> None:
        self.passwords = passwords
        self.run: dict[str, str] = {}
        self.asked: list[str] = []

    def given(self, endpoint: Endpoint) -> Credential | None:
        password = self.run.get(endpoint.name)
        return Credential(endpoint.username, password) if password else None

    async def get(self, endpoint: Endpoint) -> Credential | None:
        self.asked.append(endpoint.name)
        await asyncio.sleep(0)
        password = self.passwords.get(endpoint.name)
        return Credential(endpoint.username, password) if password else None


class LockedStores(Stores):
    async def get(self, endpoint: Endpoint) -> Credential | None:
        raise StoreLocked("keyring", "the keyring is locked", hint="unlock it")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}


def docker_login(environ: dict[str, str], **users: str) -> None:
    auths = {host: {"auth": base64.b64encode(f"{user}:pw".encode()).decode()} for host, user in users.items()}
    path = Path(environ["HOME"]) / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"auths": auths}))


def resolver(environ, *endpoints: Endpoint, stores: Stores | None = None, **options) -> AccessResolver:
    return AccessResolver(endpoints, stores, environ=environ, **{"cert_roots": (), **options})


def repository(text: str = f"{HOST}/team/app") -> Repository:
    return Repository.parse(text)


async def test_an_unknown_registry_is_asked_anonymously_over_https(environ):
    access = await resolver(environ).access(repository())
    assert access.credential is None
    assert (access.connection.registry, access.connection.scheme, access.connection.verify) == (HOST, "https", True)


@pytest.mark.parametrize("registry", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
async def test_loopback_tries_both_schemes(environ, registry):
    access = await resolver(environ).access(Repository(registry, "x"))
    assert access.connection.scheme == "auto"


async def test_docker_logins_are_used_where_nothing_is_configured(environ):
    docker_login(environ, **{HOST: "bob"})
    access = await resolver(environ).access(repository())
    assert access.credential == Credential("bob", "pw")


async def test_the_first_endpoint_of_an_address_answers_and_a_named_account_wins(environ):
    stores = Stores(one="p1", two="p2")
    base = resolver(environ, ONE, TWO, stores=stores)
    access = await base.access(repository())
    assert access.credential == Credential("u1", "p1")
    assert (access.connection.verify, access.connection.proxy) == (False, "http://proxy:3128")
    named = await base.overridden(account="two").access(repository())
    assert named.credential == Credential("u2", "p2")
    assert named.connection.verify


async def test_an_account_of_another_registry_is_an_error(environ):
    base = resolver(environ, ONE, stores=Stores(one="p1"))
    with pytest.raises(EndpointsError, match=r"'one' is harbor\.example\.com, not b\.example\.com"):
        await base.overridden(account="one").access(repository("b.example.com/x"))
    with pytest.raises(EndpointsError, match="no endpoint called 'on'") as caught:
        await base.overridden(account="on").access(repository())
    assert caught.value.hint == "did you mean 'one'?"


async def test_an_endpoint_answers_for_every_spelling_of_its_registry(environ):
    access = await resolver(environ, ONE, stores=Stores(one="p1")).access(Repository("Harbor.example.com:443", "x"))
    assert access.credential == Credential("u1", "p1")
    assert access.connection.registry == "Harbor.example.com:443"


async def test_an_entry_of_an_auth_file_wins_over_the_endpoint(environ):
    entry = Entry(f"{HOST}/team", "e", "ep", insecure=True)
    base = resolver(
        environ, TWO, stores=Stores(two="p2"), lookup=lambda r: entry if r.path.startswith("team") else None
    )
    access = await base.access(repository())
    assert access.credential == Credential("e", "ep")
    assert (access.connection.verify, access.connection.scheme) == (False, "auto")
    other = await base.access(repository(f"{HOST}/other"))
    assert other.credential == Credential("u2", "p2")
    assert other.connection.verify


async def test_an_entry_without_login_only_says_insecure(environ):
    docker_login(environ, **{HOST: "bob"})
    access = await resolver(environ, lookup=lambda _: Entry(HOST, "half", "", insecure=True)).access(repository())
    assert access.credential == Credential("bob", "pw")
    assert not access.connection.verify


async def test_what_the_caller_says_outright_wins(environ):
    entry = Entry(HOST, "e", "ep", insecure=True)
    base = resolver(environ, ONE, stores=Stores(one="p1"), lookup=lambda _: entry)
    said = Override(scheme="http", verify=True, ca_file=Path("/ca.crt"), proxy="", credential=Credential("flag", "fp"))
    access = await base.overridden(said).access(repository())
    assert access.credential == Credential("flag", "fp")
    connection = access.connection
    assert (connection.scheme, connection.verify, connection.proxy) == ("http", True, "")
    assert connection.ca_files == (Path("/ca.crt"),)
    anonymous = await base.overridden(Override(credential=Credential())).access(repository())
    assert anonymous.credential is None


async def test_many_tasks_ask_a_store_once_and_get_equal_answers(environ):
    stores = Stores(one="p1")
    base = resolver(environ, ONE, stores=stores)
    answers = await asyncio.gather(*(base.access(repository(f"{HOST}/team/{n}")) for n in range(20)))
    assert len(set(answers)) == 1
    assert stores.asked == ["one"]
    await base.overridden(Override(verify=True)).access(repository())
    assert stores.asked == ["one"]
    base.forget()
    stores.passwords["one"] = "new"
    assert (await base.access(repository())).credential == Credential("u1", "new")


async def test_what_is_given_for_this_run_wins_over_every_store(environ):
    stores = LockedStores()
    stores.run["one"] = "given"
    access = await resolver(environ, ONE, stores=stores).access(repository())
    assert access.credential == Credential("u1", "given")


async def test_a_locked_store_is_a_credential_failure_with_its_own_words(environ):
    with pytest.raises(Unauthenticated, match="keyring is locked") as caught:
        await resolver(environ, ONE, stores=LockedStores()).access(repository())
    assert caught.value.hint == "unlock it"


async def test_a_missing_secret_is_never_silently_anonymous(environ):
    with pytest.raises(Unauthenticated, match="no password is known for u1") as caught:
        await resolver(environ, ONE, stores=Stores()).access(repository())
    assert "endpoint login one" in caught.value.hint


async def test_an_endpoint_may_use_the_login_of_docker_or_be_anonymous(environ):
    docker_login(environ, **{HOST: "bob", f"{HOST}/team": "team"})
    shared = Endpoint("d", HOST)
    base = resolver(environ, shared)
    assert (await base.access(repository())).credential == Credential("team", "pw")
    assert (await base.access(repository(f"{HOST}/x"))).credential == Credential("bob", "pw")
    assert (await base.access_of(shared)).credential == Credential("bob", "pw")
    assert (await base.access_of(Endpoint("n", HOST, store="none"))).credential is None
    with pytest.raises(Unauthenticated, match="for carol"):
        await base.access_of(Endpoint("c", HOST, username="carol"))


async def test_a_broken_docker_config_is_told_once_and_does_not_stop_public_pulls(environ):
    path = Path(environ["HOME"]) / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text("{")
    told: list[str] = []
    base = resolver(environ, warn=told.append)
    for name in ("a", "b"):
        assert (await base.access(repository(f"{HOST}/{name}"))).credential is None
    assert len(told) == 1
    assert "~/.docker/config.json is not valid JSON" in told[0]


async def test_certificates_of_the_system_are_added_to_every_connection(environ, tmp_path):
    folder = tmp_path / "certs.d" / HOST
    folder.mkdir(parents=True)
    for name in ("ca.crt", "client.cert", "client.key"):
        (folder / name).touch()
    own = Endpoint("own", HOST, ca_file=Path("/own.crt"))
    base = resolver(environ, own, cert_roots=(tmp_path / "certs.d",))
    for access in (await base.access(repository()), await base.access_of(own)):
        assert access.connection.ca_files == (Path("/own.crt"), folder / "ca.crt")
        assert access.connection.client_cert == folder / "client.cert"
        assert access.connection.client_key == folder / "client.key"


KEY_ID = "LTAI5tExampleExample"
ACR = Endpoint("acr", "registry.cn-beijing.aliyuncs.com", kind="acr", username=KEY_ID, store="keyring")


class Fixed:
    """Lends one login for ever."""

    async def current(self) -> Credential:
        return Credential("cr_temp_user", "temporary")

    def refused(self, credential: Credential) -> bool:
        return False


async def test_an_access_key_comes_with_who_lends_logins_for_it(environ):
    asked = []

    def lender(endpoint, connection, credential):
        asked.append((endpoint.name, connection.registry, credential))
        return Fixed()

    resolver = AccessResolver([ACR], Stores(acr="the secret"), environ=environ, lender=lender)
    one = await resolver.access(Repository(ACR.address, "team/app"))
    other = await resolver.overridden(account="acr").access(Repository(ACR.address, "team/other"))
    assert one == other == await resolver.access_of(ACR)
    assert one.temporary is other.temporary is not None
    assert one.credential == Credential(KEY_ID, "the secret")
    assert asked == [("acr", ACR.address, one.credential)]
    resolver.forget()
    await resolver.access_of(ACR)
    assert len(asked) == 2


async def test_an_access_key_is_never_a_login(environ):
    resolver = AccessResolver([ACR], Stores(acr="planted"), environ=environ)
    with pytest.raises(Unauthenticated, match="access key") as caught:
        await resolver.access_of(ACR)
    assert "planted" not in str(caught.value)


async def test_a_password_is_no_access_key(environ):
    password = replace(ACR, username="ops@example.onaliyun.com")
    resolver = AccessResolver([password], Stores(acr="x"), environ=environ, lender=lambda *_: Fixed())
    assert (await resolver.access_of(password)).temporary is None


@pytest.mark.parametrize(
    ("kind", "username", "login", "expected"),
    [
        ("acr", KEY_ID, "auto", True),
        ("acr", "STS.NUexample", "auto", True),
        ("acr", "aliyun4681828459", "auto", False),
        ("acr", "LTAI@example.com", "auto", False),
        ("acr", KEY_ID, "password", False),
        ("acr", "oldformkeyid1234", "key", True),
        ("tcr", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3", "auto", True),
        ("tcr", "IKID0123456789abc", "auto", True),
        ("tcr", "100036950234", "auto", False),
        ("tcr", "tcr$robot", "auto", False),
        ("generic", KEY_ID, "auto", False),
        ("harbor", KEY_ID, "auto", False),
    ],
)
def test_an_access_key_is_told_by_what_the_endpoint_says_or_by_its_form(kind, username, login, expected):
    endpoint = Endpoint("a", "a.example.com", kind=kind, login=login, store="keyring")
    assert is_access_key(endpoint, username) is expected


def counting_helper(environ, root):
    """A helper whose every answer has a login of its own: `user` and the number of times it was asked."""
    program = root / "bin" / "docker-credential-count"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\ncat >/dev/null\necho x >>{root}/count\n"
        f'printf \'{{"Username": "user", "Secret": "%s"}}\' $(wc -l <{root}/count)\n'
    )
    program.chmod(0o755)
    environ["PATH"] = f"{program.parent}:/usr/bin:/bin"
    (root / ".docker").mkdir()
    (root / ".docker" / "config.json").write_text(json.dumps({"credsStore": "count"}))


@pytest.mark.parametrize("known", [False, True])
async def test_a_credential_helper_is_asked_again_for_a_login_that_ends(environ, tmp_path, monkeypatch, known):
    counting_helper(environ, tmp_path)
    endpoint = Endpoint("one", HOST, store="docker")
    resolver = AccessResolver([endpoint] if known else [], Stores(), environ=environ)
    access = await resolver.access(Repository(HOST, "team/app"))
    assert access == await resolver.access(Repository(HOST, "team/other"))
    assert access.credential == Credential("user", "1")
    assert access.temporary is not None
    assert await access.temporary.current() == Credential("user", "1")
    assert not access.temporary.refused(access.credential)
    later = time.monotonic() + 1801
    monkeypatch.setattr(tui.oci.lending, "time", SimpleNamespace(monotonic=lambda: later))
    assert await access.temporary.current() == Credential("user", "2")
    later += 61
    assert access.temporary.refused(Credential("user", "2"))
    assert await access.temporary.current() == Credential("user", "3")


async def test_a_helper_that_lost_its_login_is_said(environ, tmp_path, monkeypatch):
    counting_helper(environ, tmp_path)
    access = await AccessResolver([], Stores(), environ=environ).access(Repository(HOST, "team/app"))
    (tmp_path / "bin" / "docker-credential-count").write_text("#!/bin/sh\necho credentials not found\nexit 1\n")
    later = time.monotonic() + 61
    monkeypatch.setattr(tui.oci.lending, "time", SimpleNamespace(monotonic=lambda: later))
    assert access.temporary is not None
    assert access.temporary.refused(access.credential)
    with pytest.raises(Unauthenticated, match="no login any more"):
        await access.temporary.current()


async def test_a_login_in_a_file_is_not_renewed(environ):
    docker_login(environ, **{HOST: "filed"})
    access = await AccessResolver([], Stores(), environ=environ).access(Repository(HOST, "x"))
    assert access.credential is not None
    assert access.temporary is None
