"""Logins docker and podman already have: config.json, auth.json and the helpers they name. Read only.

Files, keys and precedence: docker's `config.json` reference, and containers-auth.json(5). Podman's files come first,
then docker's, and the first with a matching entry wins; `REGISTRY_AUTH_FILE` stands alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tui.endpoints.addresses import registry_key
from tui.endpoints.errors import LoginError
from tui.endpoints.helpers import CredentialHelper
from tui.endpoints.login_file import LoginFile, read_login_file
from tui.endpoints.model import Endpoint
from tui.oci.access import Credential
from tui.oci.reference import DOCKER_HUB, Repository

_HUB_SERVER = "https://index.docker.io/v1/"
_VARIABLE = "DOCKER_AUTH_CONFIG"
_VENDORS = (
    # Amazon ECR has no lasting passwords: its helper calls GetAuthorizationToken with the AWS credentials there are.
    (re.compile(r"[0-9]{12}\.dkr[.-]ecr.*\.(?:amazonaws\.com(?:\.cn)?|on\.aws)|public\.ecr\.aws"), "ecr-login"),
)


@dataclass(frozen=True, slots=True)
class Login:
    """A login another program keeps: where it applies (host, or host with namespace), the user, and the file.

    `user` is '' when the file does not say; `helper` names the program that holds the secret, '' for the file.
    """

    registry: str
    user: str
    file: str
    helper: str = ""


async def find_login(repository: Repository, environ: Mapping[str, str] = os.environ) -> Credential | None:
    """Return the login docker or podman would use for `repository`, None when they have none.

    Where they have none for a registry of Amazon, `docker-credential-ecr-login` is asked if it is installed.

    Raises LoginError when a file or helper failed and nothing else had the login.
    """
    return await DockerLogins(environ).find(repository)


async def list_logins(environ: Mapping[str, str] = os.environ) -> tuple[Login, ...]:
    """Return every login docker and podman have, for display. Raises LoginError like find_login."""
    return await DockerLogins(environ).all()


class DockerLogins:
    """The logins as they are now: files are read once, helpers are asked once per server."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._files: list[LoginFile] | None = None
        self._problems: list[LoginError] = []
        self._answers: dict[tuple[str, str], Credential | None] = {}

    async def find(self, repository: Repository) -> Credential | None:
        """Return the credential for `repository`; see find_login."""
        keys = [str(repository)]
        while "/" in keys[-1]:
            keys.append(keys[-1].rpartition("/")[0])
        files, problems = self._read()
        host = registry_key(repository.registry)
        for file in files:
            try:
                found = await self._find_in(file, host, keys[:-1])
            except LoginError as error:
                problems.append(error)
                continue
            if found is not None:
                return found
        try:
            if found := await self._from_vendor(host):
                return found
        except LoginError as error:
            problems.append(error)
        if problems:
            raise problems[0]
        return None

    async def all(self) -> tuple[Login, ...]:
        """Return every login for display; see list_logins."""
        files, problems = self._read()
        found: dict[tuple[str, str], Login] = {}
        for file in files:
            for key in file.keys:
                try:
                    credential = file.credential(key)
                except LoginError as error:
                    problems.append(error)
                    continue
                # An empty entry only marks that the helper of the file has the secret.
                helper = "" if credential else file.helper_for(registry_key(_host(key)))
                if credential or helper:
                    user = credential.username if credential else ""
                    where = key if "/" in key else registry_key(key)
                    found[where, file.name] = Login(where, user, file.name, helper and f"docker-credential-{helper}")
            for suffix, hosts in file.helpers():
                try:
                    users = await CredentialHelper(suffix, self._environ).users()
                except LoginError as error:
                    problems.append(error)
                    continue
                for server, user in users.items():
                    host = _host(server)
                    web_session = server.endswith(("/access-token", "/refresh-token"))
                    if not web_session and (hosts is None or host in hosts):
                        # `<token>` stands for an identity token, which has no user name
                        shown = "" if user == "<token>" else user
                        found[host, file.name] = Login(host, shown, file.name, f"docker-credential-{suffix}")
        if problems and not found:
            raise problems[0]
        return tuple(sorted(found.values(), key=lambda login: (login.registry, login.file)))

    async def of(self, endpoint: Endpoint, repository: Repository | None = None) -> Credential | None:
        """Return the login for an endpoint (at `repository`), None when there is none for its user name."""
        found = await self.find(repository or Repository(endpoint.address, ""))
        if found is None or not endpoint.username or found.username in ("", endpoint.username):
            return found
        return None

    def helper_for(self, registry: str) -> CredentialHelper | None:
        """Return the helper docker would store a login for `registry` in, None when it would use a file."""
        for file in self._read()[0]:
            if suffix := file.helper_for(registry_key(registry)):
                return CredentialHelper(suffix, self._environ)
        return None

    async def _find_in(self, file: LoginFile, host: str, namespaces: list[str]) -> Credential | None:
        """Most specific first: the helper named for this host, namespace entries, the general helper, the host."""
        problem: LoginError | None = None
        if suffix := file.cred_helpers.get(host):
            try:
                if found := await self._ask(suffix, host, file):
                    return found
            except LoginError as error:
                problem = error
        for key in namespaces:
            if found := file.credential(key):
                return found
        if file.creds_store and problem is None:
            try:
                if found := await self._ask(file.creds_store, host, file):
                    return found
            except LoginError as error:
                problem = error
        if found := file.host_credential(host):
            return found
        if problem:
            raise problem
        return None

    async def _from_vendor(self, host: str) -> Credential | None:
        """Ask the helper of the registry's vendor, when it is installed and nobody has named one for this registry."""
        suffix = next((suffix for pattern, suffix in _VENDORS if pattern.fullmatch(host)), "")
        if not suffix:
            return None
        key = (suffix, server_key(host))
        if key not in self._answers:
            helper = CredentialHelper(suffix, self._environ)
            self._answers[key] = await helper.get(key[1]) if helper.installed else None
        return self._answers[key]

    async def _ask(self, suffix: str, host: str, file: LoginFile) -> Credential | None:
        server = server_key(host)
        if (suffix, server) not in self._answers:
            answer = await CredentialHelper(suffix, self._environ).get(server)
            if answer is not None:
                answer = replace(answer, origin=f"docker-credential-{suffix} ({file.name})")
            self._answers[suffix, server] = answer
        return self._answers[suffix, server]

    def _read(self) -> tuple[list[LoginFile], list[LoginError]]:
        """Return the files that can be read, and the errors of those that cannot (a new list for each caller)."""
        if self._files is None:
            self._files = []
            for name, source, legacy in _sources(self._environ):
                try:
                    file = read_login_file(name, source, legacy=legacy)
                except LoginError as error:
                    self._problems.append(error)
                    continue
                if file is not None:
                    self._files.append(file)
        return self._files, list(self._problems)


def server_key(registry: str) -> str:
    """Return the server URL docker gives to helpers: the host, and for Docker Hub its old index URL."""
    key = registry_key(registry)
    return _HUB_SERVER if key == DOCKER_HUB else key


def _host(key: str) -> str:
    return registry_key(key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0])


def _sources(environ: Mapping[str, str]) -> Iterator[tuple[str, Path | str, bool]]:
    """Yield name, path (or the text itself) and whether it is the old `.dockercfg` form, in search order."""
    if text := environ.get(_VARIABLE):
        yield _VARIABLE, text, False
    if given := environ.get("REGISTRY_AUTH_FILE"):
        yield given, Path(given), False
        return
    home = Path(environ.get("HOME") or Path.home())
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        podman = Path(runtime) / "containers" / "auth.json"
    else:
        podman = Path(f"/run/containers/{os.getuid() if hasattr(os, 'getuid') else 0}/auth.json")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    for path in (podman, config / "containers" / "auth.json", docker / "config.json"):
        yield _short(path, home), path, False
    yield _short(home / ".dockercfg", home), home / ".dockercfg", True


def _short(path: Path, home: Path) -> str:
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
