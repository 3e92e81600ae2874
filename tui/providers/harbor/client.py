"""One Harbor's REST API with one login: which version it speaks, whether the login is taken, requests and lists."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from tui.oci.access import Access, Credential
from tui.oci.answers import Answer
from tui.oci.errors import Denied, NotFound, RegistryError, ServerError, Unauthenticated
from tui.oci.host import Host
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_, phrase
from tui.oci.text import printable
from tui.providers.api.call import ApiCall
from tui.providers.api.client import ApiClient, document_of
from tui.providers.api.pages import Page, numbered_pages
from tui.providers.harbor.names import Version
from tui.providers.login import log_in

Item = TypeVar("Item")

PAGE_SIZE = 100
"""Items of a page, the most Harbor gives."""

_SINGLE_SIGN_ON = "oidc_auth"
_CLI_SECRET = N_(
    "with single sign-on Harbor takes a CLI secret for listing and copying only; "
    "use a robot account, or an administrator with a local password"
)


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a Harbor says about itself to this login.

    `api` is the version of the REST API. `version` is (0, 0) where it is told to known users only. `creators` are who
    may create projects, '' when that is not told.
    """

    api: Literal["2.0", "1"]
    version: Version
    known: bool
    """Whether a login was sent and taken."""
    auth_mode: str = ""
    creators: Literal["", "everyone", "adminonly"] = ""
    read_only: bool = False
    charts: bool = False
    """Whether it keeps Helm charts outside of the registry (ChartMuseum), where nothing here sees them."""


class Harbor:
    """Requests to one Harbor. Every method raises RegistryError; use as an async context manager.

    `host` is that of the registry API when both are in use. The login goes as Basic; an identity or registry token is
    none for this API, so such a credential asks as a stranger.
    """

    def __init__(
        self,
        access: Access,
        *,
        host: Host | None = None,
        retry: RetryPolicy | None = None,
        requests_at_once: int = 8,
    ) -> None:
        self.registry = access.connection.registry
        self.access = access
        self._login = _basic(access.credential)
        self.client = ApiClient(
            access.connection, credential=self._login, retry=retry, host=host, requests_at_once=requests_at_once
        )
        self._info: SystemInfo | None = None
        self._refused: Unauthenticated | None = None
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Harbor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()

    @property
    def username(self) -> str:
        """Who asks, '' for a stranger."""
        return self._login.username if self._login else ""

    async def info(self) -> SystemInfo:
        """Return what the Harbor is, asked once.

        Raises Unauthenticated when it does not take the login (which Harbor itself does not say: it answers a wrong
        password as it does a stranger), NotFound when there is no Harbor at this address.
        """
        async with self._asking:
            if self._refused is not None:
                # A copy, because every raise lengthens an error's traceback.
                raise copy.copy(self._refused)
            if self._info is None:
                try:
                    self._info = await self._ask()
                except Unauthenticated as error:
                    self._refused = error
                    raise
        return self._info

    async def send(
        self,
        method: str,
        path: str,
        action: str,
        *,
        reference: str = "",
        query: Sequence[tuple[str, str]] = (),
        payload: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset({200, 201}),
        needs: str = "",
    ) -> Answer:
        """Send a request for `path` below the API. `needs` names the permission it takes, for the hint of a refusal.

        Raises Denied for a 401 too, because the login is known to be good here (Unauthenticated when there is none).
        """
        info = await self.info()
        base = "/api/v2.0" if info.api == "2.0" else "/api"
        by_secret = info.known and info.auth_mode == _SINGLE_SIGN_ON
        call = ApiCall(
            method,
            f"{base}{path}",
            action,
            reference,
            query,
            payload,
            headers=headers or {},
            accept=accept,
            # A CLI secret gets a 401 for what it is not for; that must not count as a wrong password.
            shows_login=(lambda _: True) if by_secret else None,
        )
        try:
            return await self.client.send(call)
        except (Denied, Unauthenticated) as error:
            if error.status not in (401, 403):
                raise
            raise _refusal(error, needs, known=info.known, by_secret=by_secret) from error

    async def get(
        self,
        path: str,
        action: str,
        *,
        reference: str = "",
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        needs: str = "",
    ) -> Any:
        """GET `path` and return the JSON of the answer, None for an empty one."""
        answer = await self.send("GET", path, action, reference=reference, query=query, headers=headers, needs=needs)
        return document_of(answer, ApiCall("GET", path, action, reference), self.registry)

    async def pages(
        self,
        path: str,
        action: str,
        parse: Callable[[dict[str, Any]], Item],
        identity: Callable[[Item], Hashable],
        *,
        reference: str = "",
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        needs: str = "",
    ) -> AsyncGenerator[Page[Item], None]:
        """Yield the pages of a list, with how many items there are in all (`X-Total-Count`).

        Pages are asked for by number: the `Link` of some versions is not encoded, and leads astray with a `q`.
        """

        async def fetch(number: int) -> Page[Item]:
            asked = [*query, ("page", str(number)), ("page_size", str(PAGE_SIZE))]
            answer = await self.send(
                "GET", path, action, reference=reference, query=asked, headers=headers, needs=needs
            )
            listed = document_of(answer, ApiCall("GET", path, action, reference), self.registry)
            return Page([parse(item) for item in objects(listed, action, self.registry)], _total(answer))

        async for page in numbered_pages(fetch, identity):
            yield page

    async def _ask(self) -> SystemInfo:
        answer = await self.client.send(
            ApiCall("GET", "/api/version", N_("ask for Harbor's version"), accept=frozenset({200, 404}), anonymous=True)
        )
        api: Literal["2.0", "1"] = "1" if answer.status == 404 else "2.0"
        path = "/api/systeminfo" if api == "1" else "/api/v2.0/systeminfo"
        stranger = await self._systeminfo(ApiCall("GET", path, N_("ask what Harbor this is"), anonymous=True))
        if "auth_mode" not in stranger:
            raise NotFound(
                N_("there is no Harbor at this address"), endpoint=self.registry, hint=N_("check the address")
            )
        told = stranger
        known = False
        if self._login is not None:
            if stranger.get("harbor_version"):
                # Harbor 1.x tells strangers as much, so only a docker login shows whether the password is right.
                known = await log_in(self.access)
            else:
                call = ApiCall("GET", path, N_("log in"), shows_login=_tells_version)
                told = await self._systeminfo(call)
                known = True
        return SystemInfo(
            api=api,
            version=Version.parse(str(told.get("harbor_version") or "")),
            known=known,
            auth_mode=printable(str(told.get("auth_mode") or ""), 60),
            creators=_creators(told.get("project_creation_restriction")),
            read_only=told.get("read_only") is True,
            charts=told.get("with_chartmuseum") is True,
        )

    async def _systeminfo(self, call: ApiCall) -> dict[str, Any]:
        document = await self.client.json(call)
        if not isinstance(document, dict):
            raise ServerError(N_("something else than Harbor answers here"), endpoint=self.registry)
        return document


def objects(document: object, action: str, endpoint: str) -> list[dict[str, Any]]:
    """Return the objects of a list; an empty list is `null` with some versions. Raises ServerError for no list."""
    if document is None:
        return []
    if not isinstance(document, list):
        raise ServerError(phrase("cannot {action}: the answer is no list", action=action), endpoint=endpoint)
    return [item for item in document if isinstance(item, dict)]


def id_in_location(answer: Answer, action: str, endpoint: str) -> int:
    """Return the number at the end of the `Location` of what was created. Raises ServerError when there is none."""
    last = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        raise ServerError(
            phrase("{action}: Harbor does not say what it made", action=action), endpoint=endpoint, status=answer.status
        )
    return int(last)


def _basic(credential: Credential | None) -> Credential | None:
    return credential if credential is not None and credential.username and credential.password else None


def _refusal(error: RegistryError, needs: str, *, known: bool, by_secret: bool) -> RegistryError:
    if not known:
        kind: type[RegistryError] = Unauthenticated
        hint = N_("Harbor tells this to known users only: add a login for this endpoint")
    else:
        kind = Denied
        hint = phrase("the account needs {needs}", needs=needs) if needs else ""
        if by_secret and error.status == 401:
            hint = _CLI_SECRET
    return kind(
        error.message,
        endpoint=error.endpoint,
        reference=error.reference,
        status=error.status,
        code=error.code,
        hint=hint or error.hint,
    )


def _tells_version(answer: Answer) -> bool:
    document = answer.json("JSON") if answer.status == 200 else None
    return isinstance(document, dict) and bool(document.get("harbor_version"))


def _total(answer: Answer) -> int | None:
    total = answer.headers.get("x-total-count", "")
    return int(total) if total.isascii() and total.isdigit() and len(total) < 19 else None


def _creators(said: object) -> Literal["", "everyone", "adminonly"]:
    return "everyone" if said == "everyone" else "adminonly" if said == "adminonly" else ""
