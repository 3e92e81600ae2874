"""docker-credential-<suffix>: the programs docker and podman keep logins in.

Protocol: docker/docker-credential-helpers. The action is the only argument; the server URL, or JSON when storing,
goes to standard input; the answer, or the reason for exit status 1, comes on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping

from tui.endpoints.errors import LoginError
from tui.endpoints.processes import end_session
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

HELPER = "docker-credential-"
"""How the programs are called, and how the origin of their logins begins."""

_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND = b"credentials not found"
_SECONDS = 5.0
_NOT_INHERITED = frozenset({"GPG_TTY", "DOCKER_AUTH_CONFIG"})


class CredentialHelper:
    """One helper program, `docker-credential-<suffix>`.

    It runs in a session of its own, without terminal, and is killed with its children after `seconds`, because
    helpers may prompt. Raises LoginError, which never repeats what the helper printed.
    """

    def __init__(self, suffix: str, environ: Mapping[str, str], *, seconds: float = _SECONDS) -> None:
        self.program = f"{HELPER}{suffix}"
        self._suffix = suffix
        self._environ = {
            name: value
            for name, value in environ.items()
            if name not in _NOT_INHERITED and not name.startswith("REGFERRY_")
        }
        self._seconds = seconds

    @property
    def installed(self) -> bool:
        """Whether the program is found."""
        return self._path() is not None

    async def get(self, server: str) -> Credential | None:
        """Return the login for `server`, None when the helper has none."""
        answer = await self._run("get", server.encode())
        if answer is None:
            return None
        match _object(answer):
            case {"Username": str(username), "Secret": str(secret)} if username == "<token>":
                return Credential(identity_token=secret, origin=self.program)
            case {"Username": str(username), "Secret": str(secret)}:
                # Helpers that know nothing (ecr-login in other regions, acr-env) answer with empty strings.
                found = Credential(username, secret, origin=self.program)
                return found if username and secret else None
        raise LoginError(phrase("{program} gave an answer that is not a login", program=self.program), hint=self._hint)

    async def store(self, server: str, username: str, secret: str) -> None:
        """Keep a login, replacing an older one for `server`."""
        login = {"ServerURL": server, "Username": username, "Secret": secret}
        await self._run("store", json.dumps(login).encode())

    async def erase(self, server: str) -> None:
        """Forget the login for `server`; no error when there is none."""
        await self._run("erase", server.encode())

    async def users(self) -> dict[str, str]:
        """Return the user name of every server the helper has a login for."""
        answer = await self._run("list", b"")
        listed = _object(answer) if answer else {}
        if listed is None or not all(isinstance(user, str) for user in listed.values()):
            raise LoginError(
                phrase("{program} gave an answer that is not a list of logins", program=self.program), hint=self._hint
            )
        return {server: str(user) for server, user in listed.items()}

    async def _run(self, action: str, given: bytes) -> bytes | None:
        """Return what the helper answered, None when it says it has no such login."""
        path = self._path()
        if path is None:
            raise LoginError(
                phrase("{program} is not installed", program=self.program),
                hint=N_("install it, or remove it from credsStore and credHelpers in docker's config.json"),
            )
        try:
            process = await asyncio.create_subprocess_exec(
                path,
                action,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environ,
                start_new_session=True,
            )
        except OSError as error:
            raise LoginError(
                phrase("{program} cannot be run: {strerror}", program=self.program, strerror=error.strerror),
                hint=self._hint,
            ) from None
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await process.communicate(given)
        except TimeoutError:
            raise LoginError(
                phrase(
                    "{program} did not answer within {seconds:g} seconds", program=self.program, seconds=self._seconds
                ),
                hint=phrase("it may be waiting for a passphrase on a screen; {hint}", hint=self._hint),
            ) from None
        finally:
            await end_session(process)
        if process.returncode == 0:
            return answer
        if _NOT_FOUND in answer.lower():
            return None
        raise LoginError(
            phrase(
                "{program} failed with exit status {returncode}", program=self.program, returncode=process.returncode
            ),
            hint=self._hint,
        )

    def _path(self) -> str | None:
        if not _SUFFIX.fullmatch(self._suffix):  # a path in config.json is not run
            return None
        return shutil.which(self.program, path=self._environ.get("PATH", os.defpath))

    @property
    def _hint(self) -> str:
        return phrase("run '{program} list' in a terminal to see why", program=self.program)


def _object(answer: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(answer)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
