"""TLS: private CAs, client certificates, skipped verification, and what is said when a certificate is not accepted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.oci.scripted import Scripted, access, client, reply, repository
from tests.support.programs import require
from tests.support.registry import RealRegistry
from tui.oci.access import Connection
from tui.oci.client import RegistryClient
from tui.oci.errors import NetworkError, RegistryError, UntrustedAnswer
from tui.oci.reference import digest_of
from tui.oci.retry import RetryPolicy
from tui.oci.tls import context_for

DIGEST = digest_of(b"x")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.crt"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def client_files(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    issued = authority.issue_cert("ferry@example.com")
    certificate, key = tmp_path / "client.cert", tmp_path / "client.key"
    for part in issued.cert_chain_pems:
        part.write_to_path(str(certificate), append=True)
    issued.private_key_pem.write_to_path(str(key))
    return certificate, key


def _server_tls(authority: trustme.CA, *names: str, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    if wants_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _served(authority: trustme.CA, *names: str, wants_client: bool = False) -> Scripted:
    return Scripted(lambda asked: reply(), _server_tls(authority, *names, wants_client=wants_client))


def _https(address: str, **connection: Any) -> RegistryClient:
    return client(address, scheme="https", **connection)


async def test_a_private_ca(authority: trustme.CA, ca_file: Path) -> None:
    async with _served(authority) as registry, _https(registry.address, ca_files=(ca_file,)) as connected:
        assert await connected.reach() == f"https://{registry.address}"
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_several_ca_files(authority: trustme.CA, ca_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.crt"
    trustme.CA().cert_pem.write_to_path(str(other))
    async with _served(authority) as registry, _https(registry.address, ca_files=(other, ca_file)) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)


@pytest.mark.parametrize("scheme", ["https", "auto"])
async def test_an_unknown_ca_is_not_trusted_and_http_is_not_tried(authority: trustme.CA, scheme: str) -> None:
    async with _served(authority) as registry, client(registry.address, scheme=scheme) as connected:
        with pytest.raises(UntrustedAnswer, match="certificate") as caught:
            await connected.reach()
        assert connected.traffic.requests == 1
    assert "--ca-file" in caught.value.hint
    assert registry.asked == []


async def test_a_certificate_for_another_host(authority: trustme.CA, ca_file: Path) -> None:
    served = _served(authority, "r.example.com")
    async with served as registry, _https(registry.address, ca_files=(ca_file,)) as connected:
        with pytest.raises(UntrustedAnswer, match=r"127\.0\.0\.1"):
            await connected.reach()


async def test_an_expired_certificate(ca_file: Path, authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    past = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert("127.0.0.1", not_before=past - timedelta(days=2), not_after=past).configure_cert(context)
    served = Scripted(lambda asked: reply(), context)
    async with served as registry, _https(registry.address, ca_files=(ca_file,)) as connected:
        with pytest.raises(UntrustedAnswer, match="expired"):
            await connected.reach()


@pytest.mark.parametrize("name", ["127.0.0.1", "r.example.com"])
async def test_verification_can_be_skipped(authority: trustme.CA, name: str) -> None:
    async with _served(authority, name) as registry, _https(registry.address, verify=False) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_skipping_for_one_registry_does_not_skip_for_another(authority: trustme.CA) -> None:
    async with (
        _served(authority) as one,
        _served(authority) as other,
        _https(one.address, verify=False) as trusting,
        _https(other.address) as careful,
    ):
        await trusting.reach()
        with pytest.raises(UntrustedAnswer):
            await careful.reach()


async def test_a_client_certificate(authority: trustme.CA, ca_file: Path, client_files: tuple[Path, Path]) -> None:
    certificate, key = client_files
    options = {"ca_files": (ca_file,), "client_cert": certificate, "client_key": key}
    async with _served(authority, wants_client=True) as registry, _https(registry.address, **options) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_certificate_and_key_in_one_file(
    authority: trustme.CA, ca_file: Path, client_files: tuple[Path, Path], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(path.read_text() for path in client_files))
    options = {"ca_files": (ca_file,), "client_cert": both}
    async with _served(authority, wants_client=True) as registry, _https(registry.address, **options) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)


@contextlib.contextmanager
def _strict_server(context: ssl.SSLContext) -> Iterator[str]:
    """Serve handshakes the way most servers do: a refused one ends with an alert that arrives."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            # Ends with the listening socket.
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        raw = connection.dup()
                        with contextlib.suppress(OSError):
                            context.wrap_socket(connection, server_side=True).recv(1)
                        with raw, contextlib.suppress(OSError):
                            raw.shutdown(socket.SHUT_WR)
                            while raw.recv(65536):
                                continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_missing_client_certificate_is_named(
    authority: trustme.CA, ca_file: Path, version: ssl.TLSVersion
) -> None:
    context = _server_tls(authority, wants_client=True)
    context.minimum_version = context.maximum_version = version
    with _strict_server(context) as address:
        async with _https(address, ca_files=(ca_file,)) as connected:
            with pytest.raises(UntrustedAnswer, match="refused TLS") as caught:
                await connected.reach()
            assert connected.traffic.requests == 1
    assert "client certificate" in caught.value.hint


async def test_ciphers_that_do_not_meet_are_named(authority: trustme.CA) -> None:
    context = _server_tls(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    with _strict_server(context) as address:
        async with _https(address) as connected:
            with pytest.raises(UntrustedAnswer, match="refused TLS"):
                await connected.reach()


async def test_a_server_that_hangs_up_on_tls_is_a_broken_connection(authority: trustme.CA) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        async with client(address, scheme="https", retry=RetryPolicy(tries=1)) as connected:
            reaching = asyncio.create_task(connected.reach())
            connection, _ = await asyncio.to_thread(listening.accept)
            connection.close()
            with pytest.raises(NetworkError, match=r"no connection to 127\.0\.0\.1:\d+: .+"):
                await reaching


@pytest.fixture
def broken_files(tmp_path: Path, client_files: tuple[Path, Path]) -> dict[str, Path]:
    certificate, key = client_files
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a pass phrase"),
        )
    )
    empty, junk = tmp_path / "empty.pem", tmp_path / "junk.pem"
    empty.write_text("")
    junk.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    return {
        "missing": tmp_path / "missing.pem",
        "empty": empty,
        "junk": junk,
        "folder": tmp_path,
        "locked": locked,
        "certificate": certificate,
        "key": key,
    }


@pytest.mark.parametrize("kind", ["missing", "empty", "junk", "folder", "key"])
def test_a_ca_file_that_cannot_be_used_is_named(kind: str, broken_files: dict[str, Path]) -> None:
    with pytest.raises(UntrustedAnswer, match=f"the CA file .*{broken_files[kind].name}"):
        context_for(Connection("r.io", ca_files=(broken_files[kind],)))


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        ("missing", "key"),
        ("certificate", "missing"),
        ("empty", "key"),
        ("junk", "key"),
        ("certificate", "junk"),
        ("certificate", None),
        ("key", "key"),
        # It must not ask the terminal for the pass phrase either.
        ("certificate", "locked"),
    ],
)
def test_a_client_certificate_that_cannot_be_used_is_named(
    certificate: str, key: str | None, broken_files: dict[str, Path]
) -> None:
    connection = Connection(
        "r.io", client_cert=broken_files[certificate], client_key=broken_files[key] if key else None
    )
    with pytest.raises(UntrustedAnswer, match=r"the client certificate .*cannot be used"):
        context_for(connection)


async def test_a_file_that_cannot_be_used_is_an_error_of_the_request(broken_files: dict[str, Path]) -> None:
    async with _https("127.0.0.1:1", ca_files=(broken_files["junk"],)) as connected:
        with pytest.raises(UntrustedAnswer, match="CA file"):
            await connected.reach()


def test_a_context_is_made_once() -> None:
    assert context_for(Connection("a.io")) is context_for(Connection("b.io"))
    assert context_for(Connection("a.io")) is not context_for(Connection("a.io", verify=False))
    assert context_for(Connection("a.io")).verify_mode == ssl.CERT_REQUIRED
    assert context_for(Connection("a.io")).check_hostname


_REACH = """
import asyncio, ssl, sys
from tui.oci.access import Access, Connection
from tui.oci.client import RegistryClient
from tui.oci.tls import read_ahead
async def reach():
    async with RegistryClient(Access(Connection(sys.argv[1]))) as client:
        return await client.reach()
read_ahead()
print(asyncio.run(reach()), "set_default_verify_paths" in vars(ssl.SSLContext))
"""


async def test_the_authorities_of_the_system_count_although_aiohttp_was_imported_without(
    authority: trustme.CA, ca_file: Path
) -> None:
    # A process of its own, because it makes its contexts once.
    environment = {**os.environ, "SSL_CERT_FILE": str(ca_file)}
    async with _served(authority) as registry:
        ran = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _REACH, registry.address, env=environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await ran.communicate()
    assert said.decode().split() == [f"https://{registry.address}", "False"]


@pytest.mark.real
async def test_the_real_registry_behind_a_private_ca(authority: trustme.CA) -> None:
    require("docker-registry")
    with RealRegistry(authority=authority) as registry:
        async with _https(registry.address, ca_files=(registry.ca_file,)) as connected:
            upload = await connected.start_upload(repository(registry.address))
            await upload.finish(DIGEST, b"x")
            assert await connected.has_blob(repository(registry.address), DIGEST)
        async with _https(registry.address) as connected:
            with pytest.raises(UntrustedAnswer):
                await connected.reach()
        async with _https(registry.address, verify=False) as connected:
            assert await connected.has_blob(repository(registry.address), DIGEST)
        async with RegistryClient(access(registry.address)) as connected:
            with pytest.raises(RegistryError, match="HTTPS"):
                await connected.reach()
