"""What the clouds' registries have in common: namespaces, an API beside the registry, logins lent for an access key."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from tui.oci.access import Access, Connection
from tui.oci.answers import Answer
from tui.oci.errors import Denied, NetworkError, NotFound, PolicyRefused, Unauthenticated
from tui.oci.lending import Lent, RenewedLogin
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.providers.api.client import own_host
from tui.providers.api.pages import Page
from tui.providers.catalog import CatalogUnavailable, RegistryApiProvider, Session
from tui.providers.kinds import TITLES, Kind
from tui.providers.preparing import Namespace

Result = TypeVar("Result")

NO_CATALOG_HINT = N_(
    "type the names of the repositories, or give the endpoint an access key of the cloud in place of the password: "
    "with one they can be listed"
)
_SHORT_LIFE = 60.0
_USUAL_LIFE = 3600.0
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


class AlreadyThere(PolicyRefused):
    """What was to be created exists."""


@dataclass(frozen=True, slots=True)
class CloudTag:
    """A tag as the API lists it: sizes in bytes, `pushed` None when it is not said."""

    name: str
    digest: str = ""
    size: int = 0
    pushed: datetime | None = None


class CloudAccount(Protocol):
    """One instance of a cloud's registry as one access key sees it. Every method raises RegistryError."""

    async def lend(self) -> Lent:
        """Return a login for the registry."""

    def namespaces(self) -> AsyncGenerator[list[Namespace], None]:
        """Yield the namespaces page by page."""

    async def namespace(self, name: str) -> Namespace | None:
        """Return a namespace, None when there is none of that name."""

    async def create_namespace(self, name: str, *, public: bool = False) -> None:
        """Create a namespace in which pushes create repositories. One that is there already is left as it is."""

    async def switch_on_auto_create(self, namespace: str) -> None:
        """Let pushes create repositories in a namespace."""

    def repositories(self, namespace: str = "") -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories page by page, of one namespace or all."""

    async def create_repository(self, path: str, *, public: bool = False) -> None:
        """Create a repository. One that is there already is left as it is."""

    def tags(self, path: str) -> AsyncGenerator[list[CloudTag], None]:
        """Yield the tags of a repository page by page. Raises NotFound."""


class CloudLogin(RenewedLogin):
    """Logins that an account lends, and the account itself for what else its API can do."""

    def __init__(self, account: CloudAccount) -> None:
        super().__init__(account.lend)
        self.account = account


def account_of(access: Access) -> CloudAccount | None:
    """Return the account behind an access, None when its secret is no access key."""
    return access.temporary.account if isinstance(access.temporary, CloudLogin) else None


@dataclass(frozen=True, slots=True)
class CloudProvider:
    """Browsing through the cloud's API where there is an access key, and by the registry API alone where not.

    `no_catalog` says why a registry that has no list of repositories is not asked for one.
    """

    kind: Kind
    no_catalog: str = ""

    async def repositories(self, session: Session) -> AsyncGenerator[list[str], None]:
        """Yield the repositories' paths. Raises CatalogUnavailable where neither API lists them for us."""
        async with aclosing(self.pages(session)) as pages:
            async for page in pages:
                yield list(page.items)

    async def pages(self, session: Session, project: str = "") -> AsyncGenerator[Page[str], None]:
        """Yield the paths of the repositories of a namespace, or of all, page by page."""
        account = account_of(session.access)
        listed = account.repositories(project) if account is not None else self._registry.repositories(session)
        try:
            async with aclosing(listed):
                async for names in listed:
                    yield Page(names, None)
        except CatalogUnavailable as error:
            error.hint = NO_CATALOG_HINT
            raise
        except Denied as error:
            raise CatalogUnavailable(
                phrase("{vendor} does not list its repositories for this access key", vendor=TITLES[self.kind]),
                endpoint=error.endpoint,
                status=error.status,
                code=error.code,
                hint=error.hint,
            ) from error

    async def tags(self, session: Session, repository: Repository) -> AsyncGenerator[list[str], None]:
        """Yield the tags: from the registry API, and from the cloud's where the registry will not give them."""
        account = account_of(session.access)
        first = True
        try:
            async for page in session.client.tags(repository):
                first = False
                yield page
            return
        except (Denied, NotFound, PolicyRefused, Unauthenticated):
            if account is None or not first:
                raise
        async with aclosing(account.tags(repository.path)) as pages:
            async for tags in pages:
                yield [tag.name for tag in tags]

    @property
    def _registry(self) -> RegistryApiProvider:
        return RegistryApiProvider(self.kind, self.no_catalog)


def api_connection(connection: Connection, api: str, usual: str) -> Connection:
    """Return the way to a cloud's API: the host `usual`, or the URL the endpoint gives for it."""
    parts = urlsplit(api or f"https://{usual}")
    way = own_host(connection, parts.netloc)
    return Connection(way.registry, "http", proxy=way.proxy) if parts.scheme == "http" else way


def whole_number(value: object) -> int:
    """Return a number that some answers carry as text; 0 when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and _MILLISECONDS.fullmatch(value) else 0


def seconds_left(milliseconds: object, answer: Answer) -> float:
    """Return how long a login lasts that ends at a Unix time, by the server's own clock (ours may be wrong)."""
    end = whole_number(milliseconds) / 1000
    if not end:
        return _USUAL_LIFE
    there = server_time(answer)
    # `Date` is in whole seconds, cut off.
    left = end - (there + 1 if there is not None else time.time())
    return left if left > 0 else _SHORT_LIFE


def server_time(answer: Answer) -> float | None:
    """Return the time at the server as its `Date` says (RFC 9110), None when it does not."""
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def clock_words(answer: Answer) -> str:
    """Return how far this machine's clock is from the server's, in words; '' when it cannot be told."""
    there = server_time(answer)
    if there is None:
        return ""
    off = time.time() - there
    if abs(off) < 60:
        return ""
    minutes = abs(off) / 60
    if off > 0:
        return phrase("{minutes:.0f} minutes fast", minutes=minutes)
    return phrase("{minutes:.0f} minutes slow", minutes=minutes)


def time_of(milliseconds: object) -> datetime | None:
    """Return a Unix time in milliseconds as a time, None when it is none."""
    number = whole_number(milliseconds)
    return datetime.fromtimestamp(number / 1000, UTC) if 0 < number < 10**14 else None


def text(document: Mapping[str, object], *names: str) -> str:
    """Return the first of these fields that is a text with something in it, else ''."""
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")


def objects(document: object, name: str) -> list[dict[str, object]]:
    """Return the objects of a list in an answer; whatever else is in its place is none."""
    found = document.get(name) if isinstance(document, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


async def or_none(asking: Awaitable[Result]) -> Result | None:
    """Return the answer, None when what was asked for is not there."""
    try:
        return await asking
    except NotFound:
        return None


def unreachable(error: NetworkError, title: str) -> NetworkError:
    """Return the error for an API that cannot be reached, with what to look at."""
    return NetworkError(
        phrase("the API of {title} does not answer: {message}", title=title, message=error.message),
        endpoint=error.endpoint,
        hint=phrase(
            "an access key needs the API: let this machine reach {endpoint} (port 443), or set a proxy; inside the "
            "cloud's network set the API of the endpoint to its VPC address",
            endpoint=error.endpoint,
        ),
    )
