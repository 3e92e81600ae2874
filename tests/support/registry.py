"""Debian's docker-registry as a fixture: the real server, with the ways of access registries have in the field."""

from __future__ import annotations

import base64
import glob
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import bcrypt
import trustme
import yaml

from tests.support.programs import path_of
from tests.support.token_server import ISSUER, SERVICE, TokenServer

_LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)")
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Login:
    """A user name and password."""

    username: str
    password: str

    @property
    def header(self) -> str:
        """The value of a Basic `Authorization` header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class RealRegistry:
    """A docker-registry process on a free loopback port, its storage in a temporary folder.

    One of `htpasswd` (a login the registry itself checks, bcrypt) or `token_server` (Bearer) may be given; `login`
    is then what clients should use. `authority` serves TLS with a certificate of that CA. `http_secret` None leaves
    it to the registry, which then forgets all upload sessions on restart.
    Raises RuntimeError with the server's log when it does not start.
    """

    def __init__(
        self,
        *,
        htpasswd: Login | None = None,
        token_server: TokenServer | None = None,
        login: Login | None = None,
        authority: trustme.CA | None = None,
        read_only: bool = False,
        http_secret: str | None = "tests only",
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="registry-"))
        self._htpasswd = htpasswd
        self._token_server = token_server
        self._authority = authority
        self._read_only = read_only
        self._http_secret = http_secret
        self._process: subprocess.Popen[bytes] | None = None
        self.login = htpasswd or login
        self.address = ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def root(self) -> Path:
        """The storage folder: everything below `docker/registry/v2` is the registry's."""
        return self._folder / "storage"

    @property
    def scheme(self) -> str:
        """`https` with an authority, else `http`."""
        return "https" if self._authority else "http"

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{self.scheme}://{self.address}"

    @property
    def ca_file(self) -> Path:
        """The PEM file of the CA this registry's certificate is from (only with `authority`)."""
        return self._folder / "ca" / "ca.crt"

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def start(self) -> None:
        """Start the process, on the same port as before when there was one, and wait until it listens."""
        config = self._folder / "config.yml"
        config.write_text(yaml.safe_dump(self._config()))
        before = len(self.log)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(path_of("docker-registry")), "serve", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while (match := _LISTENING.search(self.log, before)) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"docker-registry did not start:\n{self.log[before:]}")
            time.sleep(0.01)
        self.address = match[1]

    def stop(self) -> None:
        """End the process, keep the storage and the port; `start` brings it back."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """End the process and remove the storage."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def headers(self, repository: str) -> dict[str, str]:
        """Return the `Authorization` header for everything in `repository` (empty when none is needed)."""
        if self._token_server is not None:
            token = self._token_server.mint(
                [("repository", repository, ("pull", "push", "delete")), ("registry", "catalog", ("*",))]
            )
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": self._htpasswd.header} if self._htpasswd else {}

    def tls_context(self) -> ssl.SSLContext | None:
        """Return a context that trusts this registry's CA, or None for plain http."""
        return ssl.create_default_context(cafile=str(self.ca_file)) if self._authority else None

    def blob_path(self, digest: str) -> Path:
        """Return the file which holds the bytes of a blob or manifest."""
        algorithm, _, encoded = digest.partition(":")
        return self._v2 / "blobs" / algorithm / encoded[:2] / encoded / "data"

    def corrupt(self, digest: str) -> None:
        """Flip the bits of one byte in the middle of a blob; its size stays."""
        path = self.blob_path(digest)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def plant_zeros(self, repository: str, digest: str, size: int) -> None:
        """Put a blob of `size` zero bytes into `repository` as a sparse file, which a push would write out."""
        path = self.blob_path(digest)
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.truncate(size)
        algorithm, _, encoded = digest.partition(":")
        link = self._v2 / "repositories" / repository / "_layers" / algorithm / encoded / "link"
        link.parent.mkdir(parents=True)
        link.write_text(digest)

    def uploads_bytes(self) -> int:
        """Return the bytes of uploads that were begun and neither finished nor cancelled."""
        return sum(_size(path) for path in self._found("repositories/**/_uploads/*/data"))

    def stored_bytes(self) -> int:
        """Return the bytes of all blobs and manifests."""
        return sum(path.stat().st_size for path in self._v2.glob("blobs/*/*/*/data"))

    def wait_for_tags(self, count: int, timeout: float = 60) -> None:
        """Wait until the storage has `count` tags. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while len(self._found("repositories/**/_manifests/tags/*/current/link")) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.address} did not get {count} tags within {timeout} seconds")
            time.sleep(0.02)

    def wait_for_upload(self, size: int, timeout: float = 60) -> None:
        """Wait until unfinished uploads have `size` bytes. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while self.uploads_bytes() < size:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.address} did not get {size} bytes within {timeout} seconds")
            time.sleep(0.02)

    def unreferenced(self) -> list[str]:
        """Return the digests `docker-registry garbage-collect --dry-run` would remove."""
        if not (self._v2 / "repositories").exists():
            return []
        config = self._folder / "config.yml"
        result = subprocess.run(
            [str(path_of("docker-registry")), "garbage-collect", "--dry-run", str(config)],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return re.findall(r"blob eligible for deletion: (\S+)", result.stdout)

    def _found(self, pattern: str) -> list[str]:
        """Return the paths that match, while the registry makes and removes folders (which pathlib's glob minds)."""
        return glob.glob(str(self._v2 / pattern), recursive=True)  # noqa: PTH207 - see above

    @property
    def _v2(self) -> Path:
        return self.root / "docker" / "registry" / "v2"

    @property
    def _log_file(self) -> Path:
        return self._folder / "registry.log"

    def _config(self) -> dict[str, Any]:
        self.root.mkdir(exist_ok=True)
        http: dict[str, Any] = {"addr": self.address or "127.0.0.1:0"}
        if self._http_secret is not None:
            http["secret"] = self._http_secret
        if self._authority is not None:
            http["tls"] = self._write_tls(self._authority)
        config: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": True}},
            # No descriptor cache: tests change the storage behind the server's back.
            "storage": {
                "filesystem": {"rootdirectory": str(self.root)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": self._read_only}},
            },
            "http": http,
        }
        if self._htpasswd is not None:
            config["auth"] = {"htpasswd": {"realm": "tests", "path": str(self._write_htpasswd(self._htpasswd))}}
        if self._token_server is not None:
            bundle = self._folder / "token.pem"
            self._token_server.write_certificate(bundle)
            config["auth"] = {
                "token": {
                    "realm": self._token_server.realm,
                    "service": SERVICE,
                    "issuer": ISSUER,
                    "rootcertbundle": str(bundle),
                }
            }
        return config

    def _write_htpasswd(self, login: Login) -> Path:
        # The lowest cost: the registry runs bcrypt for every request.
        hashed = bcrypt.hashpw(login.password.encode(), bcrypt.gensalt(4)).decode()
        path = self._folder / "htpasswd"
        path.write_text(f"{login.username}:{hashed}\n")
        return path

    def _write_tls(self, authority: trustme.CA) -> dict[str, str]:
        folder = self._folder / "ca"
        folder.mkdir(exist_ok=True)
        authority.cert_pem.write_to_path(str(self.ca_file))
        issued = authority.issue_cert("127.0.0.1", "localhost")
        chain, key = folder / "server.pem", self._folder / "server.key"
        chain.unlink(missing_ok=True)
        for part in issued.cert_chain_pems:
            part.write_to_path(str(chain), append=True)
        issued.private_key_pem.write_to_path(str(key))
        return {"certificate": str(chain), "key": str(key)}


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0  # finished since it was listed
