from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.endpoints.errors import HandoverError
from tui.endpoints.handover import (
    HandedOver,
    accesses_of,
    environment_for_run,
    pack,
    receive,
    send,
    unpack,
)
from tui.endpoints.model import Endpoint
from tui.endpoints.resolve import AccessResolver
from tui.oci.access import Access, Connection, Credential
from tui.oci.reference import Repository

SECRET = Credential("bob", "planted-secret", origin="vault of regferry", session_token="planted-session")
CONNECTION = Connection(
    "a.example.com", "auto", False, (Path("/ca.crt"),), Path("/c.cert"), Path("/c.key"), "http://proxy:3128"
)
E1 = Endpoint("one", "a.example.com", username="bob", store="session", id="0a0b0c0d")


def test_accesses_survive_unchanged():
    accesses = {"x": Access(CONNECTION, SECRET), "y": Access(Connection("b.example.com"))}
    there = unpack(pack(accesses))
    assert there == accesses
    assert asdict(there["x"]) == asdict(accesses["x"])


@given(st.text(), st.text(), st.text())
def test_any_text_survives(username, password, token):
    access = Access(Connection("b.example.com", proxy=""), Credential(username, password, token))
    assert unpack(pack({"x": access})) == {"x": access}


@pytest.mark.parametrize("length", range(0, 330, 15))
def test_a_cut_message_is_an_error_that_repeats_nothing(length):
    content = pack({"x": Access(CONNECTION, SECRET)})
    assert length < len(content)
    with pytest.raises(HandoverError, match="did not arrive whole") as caught:
        unpack(content[:length])
    assert "planted" not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"format": "other"}', b"[" * 99999, b"\xff"])
def test_what_was_not_packed_is_refused(content):
    with pytest.raises(HandoverError):
        unpack(content)


def test_fields_of_another_version_are_refused():
    document = json.loads(pack({"x": Access(CONNECTION, SECRET)}))
    document["accesses"]["x"]["connection"]["surprise"] = 1
    with pytest.raises(HandoverError):
        unpack(json.dumps(document).encode())


async def test_more_than_a_pipe_holds_goes_through(tmp_path):
    accesses = {str(n): Access(Connection("a.example.com"), Credential("u", "p" * 1000)) for n in range(300)}
    reading, writing = os.pipe()
    received, _ = await asyncio.gather(asyncio.to_thread(receive, reading), send(writing, pack(accesses)))
    assert received == accesses
    for descriptor in (reading, writing):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


async def test_neither_end_waits_for_ever():
    reading, writing = os.pipe()
    with pytest.raises(HandoverError, match="no credentials arrived"):
        await asyncio.to_thread(receive, reading, seconds=0.05)
    with pytest.raises(HandoverError, match="run ended before"):
        await send(writing, b"x")
    reading, writing = os.pipe()
    with pytest.raises(HandoverError, match="did not take"):
        await send(writing, b"x" * 1_000_000, seconds=0.05)
    os.close(reading)


async def test_a_launcher_that_dies_is_noticed():
    reading, writing = os.pipe()
    os.write(writing, pack({"x": Access(CONNECTION, SECRET)})[:50])
    os.close(writing)
    with pytest.raises(HandoverError, match="did not arrive whole"):
        receive(reading)


RUN = """
import asyncio, sys
from pathlib import Path
from tui.endpoints.handover import HandedOver, receive
from tui.endpoints.model import Endpoint
from tui.endpoints.resolve import AccessResolver
from tui.oci.reference import Repository
stores = HandedOver(receive(int(sys.argv[1])))
endpoint = Endpoint("one", "a.example.com", username="bob", store="session", id="0a0b0c0d")
resolver = AccessResolver([endpoint], stores, environ={}, cert_roots=())
access = asyncio.run(resolver.access(Repository.parse("a.example.com/x/y")))
password = access.credential.password
def shown(file):
    return password.encode() in Path(f"/proc/self/{file}").read_bytes()
print(len(password), shown("cmdline"), shown("environ"))
"""


async def test_a_run_process_gets_its_credentials_by_the_pipe_alone():
    reading, writing = os.pipe()
    environ = {"PYTHONPATH": str(Path(__file__).parents[2]), "REG_PASSWORD": "planted-secret"}
    hiding = Endpoint("env", "b.example.com", store="env", password_env="REG_PASSWORD")
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN,
        str(reading),
        env=environment_for_run(environ, [hiding]),
        pass_fds=[reading],
        stdout=asyncio.subprocess.PIPE,
    )
    os.close(reading)
    await send(writing, pack({E1.id: Access(E1.connection(), SECRET)}))
    printed, _ = await run.communicate()
    assert printed.decode().split() == [str(len(SECRET.password)), "False", "False"]


class Given:
    def given(self, endpoint: Endpoint) -> Credential | None:
        return SECRET if endpoint.name == "one" else None

    async def get(self, endpoint: Endpoint) -> Credential | None:
        return Credential("late", "asked")


async def test_endpoints_are_packed_by_id_and_answer_for_themselves_only():
    two = Endpoint("two", "b.example.com", store="vault")
    resolver = AccessResolver([E1, two], Given(), environ={}, cert_roots=())
    handed = HandedOver(unpack(pack(await accesses_of(resolver, [E1]))), Given())
    there = AccessResolver([E1, two], handed, environ={}, cert_roots=())
    assert (await there.access(Repository("a.example.com", "x"))).credential == SECRET
    assert (await there.access(Repository("b.example.com", "x"))).credential == Credential("late", "asked")
    elsewhere = HandedOver(unpack(pack({E1.id: Access(E1.connection(), SECRET)})))
    assert elsewhere.given(replace(E1, address="evil.example.com")) is None
    assert await elsewhere.get(two) is None
