"""The stand-in as a server: which handler answers which request, who asks, and what goes into the record."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.support.harbor.answers import Refused, reply
from tests.support.harbor.backing import Backing
from tests.support.harbor.description import Description, Exchange
from tests.support.harbor.distribution import Distribution
from tests.support.harbor.globs import matches
from tests.support.harbor.replication import Replication
from tests.support.harbor.rest import Rest
from tests.support.harbor.rest1 import Rest1
from tests.support.harbor.state import CLI_SECRET, HarborAccount, HarborProject, Outside, Task
from tests.support.registry import RealRegistry

Handler = Callable[..., Awaitable[web.StreamResponse]]
_START_SECONDS = 20.0


class StandInHarbor:
    """A Harbor on a loopback port, with an event loop in a thread of its own; use as a context manager.

    `registry` holds the content. `api` is `2.0` or `1`; `version` what it says it is. `outside` are the registries it
    can reach. `names_tags` says whether tasks name tags, or count them. `complaints` is everything a request did
    against the API, and with a `description` everything in requests and answers that is not as described.
    """

    def __init__(
        self,
        registry: RealRegistry,
        accounts: Sequence[HarborAccount],
        *,
        api: Literal["2.0", "1"] = "2.0",
        version: str = "",
        creators: Literal["everyone", "adminonly"] = "everyone",
        auth_mode: str = "db_auth",
        outside: Sequence[Outside] = (),
        names_tags: bool = False,
        description: Description | None = None,
    ) -> None:
        self.accounts = {account.name: account for account in accounts}
        self.api = api
        self.version = version or ("2.13.1" if api == "2.0" else "1.10.19")
        self.creators = creators
        self.auth_mode = auth_mode
        self.outside = list(outside)
        self.names_tags = names_tags
        self.read_only = False
        self.projects: dict[str, HarborProject] = {}
        self.labels: dict[tuple[str, str], list[str]] = {}
        self.notary: set[str] = set()
        self.failures: dict[str, str] = {}
        """What goes wrong once with the task for a source repository: the end of the line in its log."""
        self.hold = threading.Event()
        """Cleared, the next tasks that `holds` wait before they begin."""
        self.hold.set()
        self.holds: Callable[[Task], bool] = lambda task: True
        self.interrupt: Callable[[web.BaseRequest], web.Response | None] = lambda _: None
        """What it returns is sent instead of an answer."""
        self.requests: list[str] = []
        self.refused_logins: list[str] = []
        self.complaints: list[str] = []
        self.address = ""
        self._description = description
        self._registry = registry
        self.backing: Backing
        self.rest: Rest
        self.replication: Replication
        self._distribution: Distribution
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._routes: list[tuple[str, re.Pattern[str], Handler, str]] = []
        self._runner: web.ServerRunner | None = None

    @property
    def version_tuple(self) -> tuple[int, int]:
        """Major and minor number."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_START_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold.set()
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(_START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        self._loop.close()

    def add_project(self, name: str, **options: Any) -> HarborProject:
        """Create a project."""
        project = HarborProject(len(self.projects) + 1, name, **options)
        self.projects[name] = project
        return project

    def count(self, beginning: str) -> int:
        """Return how many requests began like this (`METHOD path?query`)."""
        return sum(1 for request in self.requests if request.startswith(beginning))

    def account_of(self, request: web.BaseRequest) -> HarborAccount | None:
        """Return whose user name and password a request has, None for nobody's (and notes a wrong one)."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = self.accounts.get(name)
        if account is None or account.password != password:
            self.refused_logins.append(name)
            return None
        return account

    def may_create(self, account: HarborAccount) -> bool:
        """Return whether an account may create projects."""
        if account.name.startswith("robot$"):
            return "project:create" in account.permissions.get("*", ())
        return account.admin or self.creators == "everyone"

    def is_immutable(self, repository: str, tag: str) -> bool:
        """Return whether a rule of the project keeps a tag."""
        project, _, name = repository.partition("/")
        return any(
            not rule["disabled"]
            and all(matches(each["pattern"], tag) for each in rule["tag_selectors"])
            and all(matches(each["pattern"], name) for each in rule["scope_selectors"]["repository"])
            for rule in self.projects[project].immutable
        )

    async def before_task(self, task: Task) -> None:
        """Wait while the task is held up."""
        if self.holds(task):
            await asyncio.to_thread(self.hold.wait)

    async def _start(self) -> None:
        self.backing = Backing(self._registry.url)
        self.rest = Rest(self) if self.api == "2.0" else Rest1(self)
        self.replication = Replication(self, self.rest)
        self._distribution = Distribution(self)
        self._add_routes()
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        self.address = f"{host}:{port}"

    async def _stop(self) -> None:
        await self.replication.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.backing.close()

    def untag(self, repository: str, tag: str) -> None:
        """Take a tag away from the registry behind, which cannot do that over its API."""
        shutil.rmtree(self._registry.root / "docker/registry/v2/repositories" / repository / "_manifests/tags" / tag)

    def _add_routes(self) -> None:
        rest, replication = self.rest, self.replication
        self._add("GET", "/systeminfo", rest.systeminfo, "systeminfo")
        self._add("GET", "/projects", rest.projects, "projects")
        self._add("HEAD", "/projects", rest.has_project)
        self._add("POST", "/projects", rest.create_project, "create-project")
        self._add("GET", "/projects/([^/]+)/summary", rest.summary)
        self._add("GET", "/projects/([^/]+)/immutabletagrules", rest.immutable_rules)
        self._add("GET", "/quotas", rest.quotas)
        self._add("GET", "/repositories", rest.repositories, "repositories")
        if isinstance(rest, Rest1):
            self._add("GET", "/repositories/(.+)/tags", rest.tags, "artifacts")
        else:
            self._add("GET", "/projects/([^/]+)/repositories", rest.repositories, "repositories")
            self._add("GET", "/projects/([^/]+)/repositories/([^/]+)/artifacts", rest.artifacts, "artifacts")
            self._add(
                "DELETE", "/projects/([^/]+)/repositories/([^/]+)/artifacts/([^/]+)/tags/([^/]+)", rest.delete_tag
            )
        self._add("GET", "/replication/adapters", replication.adapters)
        self._add("GET", "/registries", replication.list_registries)
        self._add("POST", "/registries", replication.create_registry)
        self._add("POST", "/registries/ping", replication.ping)
        self._add("PUT", "/registries/([0-9]+)", replication.update_registry)
        self._add("DELETE", "/registries/([0-9]+)", replication.delete_registry)
        self._add("GET", "/registries/([0-9]+)/info", replication.registry_info)
        self._add("GET", "/replication/policies", replication.list_policies)
        self._add("POST", "/replication/policies", replication.create_policy)
        self._add("GET", "/replication/policies/([0-9]+)", replication.get_policy)
        self._add("PUT", "/replication/policies/([0-9]+)", replication.update_policy)
        self._add("DELETE", "/replication/policies/([0-9]+)", replication.delete_policy)
        self._add("GET", "/replication/executions", replication.list_executions)
        self._add("POST", "/replication/executions", replication.start)
        self._add("GET", "/replication/executions/([0-9]+)", replication.get_execution)
        self._add("PUT", "/replication/executions/([0-9]+)", replication.stop)
        self._add("GET", "/replication/executions/([0-9]+)/tasks", replication.tasks)
        self._add("GET", "/replication/executions/([0-9]+)/tasks/([0-9]+)/log", replication.log)

    def _add(self, method: str, path: str, handler: Handler, for_secret: str = "") -> None:
        self._routes.append((method, re.compile(path), handler, for_secret))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.rel_url.raw_path_qs}")
        if "Cookie" in request.headers:
            self.complaints.append(f"{request.method} {request.path}: a cookie, which makes a session of it")
        played = self.interrupt(request)
        if played is not None:
            return played
        try:
            answer = await self._dispatched(request)
        except Refused as refused:
            answer = refused.answer()
        except Exception as error:
            self.complaints.append(f"{self.requests[-1]}: {error!r}")
            raise
        await self._record(request, answer)
        return answer

    async def _dispatched(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.startswith("/v2/"):
            return await self._distribution.answer(request)
        if path == "/service/token":
            return await self._distribution.token(request)
        if path == "/api/version" and self.api == "2.0":
            return reply({"version": "v2.0"})
        base = "/api/v2.0" if self.api == "2.0" else "/api"
        if path.startswith(f"{base}/"):
            account = self.account_of(request)
            for method, pattern, handler, for_secret in self._routes:
                match = pattern.fullmatch(path.removeprefix(base))
                if match is None or method != request.method:
                    continue
                if account is not None and account.cli_secret and for_secret not in CLI_SECRET:
                    raise Refused(401, "unauthorized")
                return await handler(request, account, *match.groups())
        raise Refused(404, "page not found")

    async def _record(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        path = request.rel_url.raw_path
        if self._description is None or not path.startswith("/api/v2.0/") or not isinstance(answer, web.Response):
            return
        exchange = Exchange(
            request.method,
            path,
            request.rel_url.raw_query_string,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.body if isinstance(answer.body, bytes) else b"",
        )
        self.complaints += self._description.problems(exchange)
