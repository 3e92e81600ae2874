"""The connection test: from the name to the permission to push, one step after the other, each in plain words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from tui.oci.access import Access
from tui.oci.errors import NetworkError, NotFound, RegistryError, Unauthenticated, UntrustedAnswer
from tui.oci.place import is_place
from tui.oci.reference import InvalidReference, Repository, is_repository
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_, phrase
from tui.providers.catalog import CatalogUnavailable, Session, provider_for
from tui.providers.check_steps import STEPS, State, Step, StepName
from tui.providers.detect import no_registry, vendor_of, with_version
from tui.providers.hints import advice, unreachable_hint
from tui.providers.kinds import Vendor, vendor_of_address
from tui.providers.login import log_in
from tui.providers.probe import Reply, find_scheme
from tui.providers.tls_words import certificate_problem
from tui.providers.wire import Wire

SECONDS = 20.0
"""How long one step may take."""

_ONE_TRY = RetryPolicy(tries=1, throttled_total=0)


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: State
    detail: str
    hint: str = ""
    kind: str = ""
    vendor: Vendor | None = None


async def check(access: Access, repository: str = "", push: bool = False) -> AsyncIterator[Step]:
    """Yield the steps of `STEPS` as they finish; after one that failed the others are skipped.

    Permissions are tried on `repository`, to pull also on the first of the catalog when none is given. With `push` an
    upload is begun there and given up at once: nothing is stored. Raises InvalidReference for an impossible name.
    """
    if repository and not is_repository(repository):
        raise InvalidReference(phrase("{repository!r} is not a repository path", repository=repository))
    if is_place(access.connection.registry):
        from tui.providers.check_place import check_place

        async for step in check_place(access, repository, push):
            yield step
        return
    from tui.oci.client import RegistryClient

    async with RegistryClient(access, requests_at_once=4, retry=_ONE_TRY) as client:
        test = _Test(Session(access, client), repository, push)
        failed = False
        for name in STEPS:
            if failed:
                yield Step(name, "skipped", N_("not tried, because an earlier step failed"))
                continue
            started = time.monotonic()
            outcome = await _judged(test, name)
            failed = outcome.state == "failed"
            seconds = time.monotonic() - started
            yield Step(name, outcome.state, outcome.detail, outcome.hint, seconds, outcome.kind, outcome.vendor)


async def _judged(test: _Test, name: StepName) -> _Outcome:
    try:
        async with asyncio.timeout(SECONDS):
            return await test.run(name)
    except RegistryError as error:
        words, hint = certificate_problem(error) if isinstance(error, UntrustedAnswer) else ("", "")
        return _Outcome("failed", words or error.message, hint or test.advice(error), error.kind)
    except TimeoutError:
        hint = test.unreachable_hint or NetworkError.default_hint
        return _Outcome(
            "failed", phrase("no answer within {seconds:.0f} seconds", seconds=SECONDS), hint, NetworkError.kind
        )


class _Test:
    """The steps, and what each learns for those after it."""

    def __init__(self, session: Session, repository: str, push: bool) -> None:
        self._session = session
        self._access = session.access
        self._connection = session.access.connection
        self._wire = Wire(self._connection)
        self._vendor = vendor_of_address(self._connection.registry)
        self._repository = repository
        self._named = bool(repository)
        self._push = push
        self._reply: Reply | None = None

    @property
    def unreachable_hint(self) -> str:
        """What to look at when the host does not answer, where the vendor has a usual reason."""
        return unreachable_hint(self._vendor)

    def advice(self, error: RegistryError) -> str:
        """Return what to do about an error; what the vendor's API refuses says so itself."""
        return advice(error, self._vendor) if error.endpoint == self._connection.registry else error.hint

    async def run(self, name: StepName) -> _Outcome:
        """Do one step. Raises RegistryError when it fails."""
        return await {
            "name": self._resolve,
            "tcp": self._connect,
            "tls": self._handshake,
            "api": self._api,
            "login": self._login,
            "list": self._list,
            "pull": self._pull,
            "push": self._try_push,
        }[name]()

    async def _resolve(self) -> _Outcome:
        return _Outcome("ok", await self._wire.resolve())

    async def _connect(self) -> _Outcome:
        return _Outcome("ok", await self._wire.connect())

    async def _handshake(self) -> _Outcome:
        if self._wire.proxy:
            return _Outcome("skipped", N_("the proxy is between: seen in the next step"))
        if self._connection.scheme == "http":
            return _PLAIN
        said = await self._wire.handshake()
        if not said:
            self._connection = replace(self._connection, scheme="http")
            return _PLAIN
        if not self._connection.verify:
            return _Outcome(
                "ok", phrase("{said}; the certificate is not checked", said=said), N_("checking is switched off")
            )
        return _Outcome("ok", said)

    async def _api(self) -> _Outcome:
        reply = await find_scheme(self._connection)
        self._vendor = vendor_of(self._connection.registry, reply)
        wrong, hint = no_registry(reply)
        if wrong:
            return _Outcome("failed", wrong, self.unreachable_hint or hint if reply.status == 403 else hint, "SRV")
        self._reply = reply
        self._vendor = await with_version(self._connection, reply, self._vendor)
        said = phrase("{vendor}, {wanted}", vendor=self._vendor.title, wanted=_wanted(reply))
        return _Outcome("ok", said, vendor=self._vendor)

    async def _login(self) -> _Outcome:
        reply = self._reply
        assert reply is not None
        credential = self._access.credential
        if credential is None and reply.status == 200:
            return _Outcome("skipped", N_("no login is set, and none is asked for"))
        if credential is None:
            if all(challenge.scheme == "basic" for challenge in reply.challenges):
                raise Unauthenticated(
                    N_("the registry wants a login, and none is set"), hint=N_("set a user name and password")
                )
            return _Outcome("skipped", N_("no login is set: only what is public can be read"))
        if reply.status == 200:
            return _Outcome("skipped", N_("the registry lets everybody in here, so the login could not be tried"))
        await log_in(self._access)
        who = credential.username or N_("a token")
        return _Outcome(
            "ok",
            phrase("as {who}, from {origin}", who=who, origin=credential.origin)
            if credential.origin
            else phrase("as {who}", who=who),
        )

    async def _list(self) -> _Outcome:
        pages = provider_for(self._vendor.kind).repositories(self._session)
        try:
            async with aclosing(pages):
                first: list[str] = await anext(pages, [])
        except CatalogUnavailable as error:
            return _Outcome("skipped", error.message, error.hint)
        if not first:
            return _Outcome("ok", N_("the list of repositories is empty"))
        self._repository = self._repository or first[0]
        return _Outcome(
            "ok", phrase("at least {count} repositories", count=len(first)) if len(first) > 1 else N_("one repository")
        )

    async def _pull(self) -> _Outcome:
        if not self._repository:
            return _Outcome(
                "skipped", N_("no repository to try it on"), N_("name a repository to test the permission to pull")
            )
        path = self._target()
        tag = ""
        try:
            async for page in self._session.client.tags(path):
                tag = page[0] if page else ""
                break
        except NotFound as error:
            if self._push:
                return _Outcome("skipped", phrase("{path} is not there yet", path=path.path))
            if not self._named:
                # A cloud lists repositories that were made and never pushed to.
                return _Outcome("skipped", phrase("{path} has nothing to read yet", path=path.path))
            raise error
        if tag:
            await self._session.client.head_manifest(path, tag)
        return _Outcome(
            "ok",
            phrase("{path}:{tag} can be read", path=path.path, tag=tag)
            if tag
            else phrase("{path} can be read, and has no tags", path=path.path),
        )

    async def _try_push(self) -> _Outcome:
        if not self._push:
            return _Outcome("skipped", N_("not tried, so that nothing is written"))
        if not self._repository:
            return _Outcome(
                "skipped", N_("no repository to try it on"), N_("name a repository to test the permission to push")
            )
        path = self._target()
        upload = await self._session.client.start_upload(path)
        try:
            await upload.cancel()
        except RegistryError as error:
            # Cancelling is a permission of its own at some registries; an empty upload expires by itself.
            return _Outcome(
                "ok",
                phrase(
                    "an upload to {path} was begun; the registry drops it later ({kind})",
                    path=path.path,
                    kind=error.kind,
                ),
            )
        return _Outcome("ok", phrase("an upload to {path} was begun and cancelled", path=path.path))

    def _target(self) -> Repository:
        return Repository(self._connection.registry, self._repository)


_PLAIN = _Outcome("skipped", N_("plain http: nothing is encrypted"), N_("use it only in a network you trust"))


def _wanted(reply: Reply) -> str:
    if reply.status == 200:
        return N_("no login is asked for")
    schemes = [challenge.scheme for challenge in reply.challenges]
    if "bearer" in schemes:
        return N_("wants a login by token")
    return N_("wants user name and password") if "basic" in schemes else N_("wants a login")
