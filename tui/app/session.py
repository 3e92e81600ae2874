"""What the screens share: endpoints, secrets, the way to registries, what is selected, and the runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tui.app.basket import Basket
from tui.app.draft import Draft
from tui.endpoints.file import EndpointFile
from tui.endpoints.locations import endpoints_path, state_dir
from tui.endpoints.model import Endpoint

if TYPE_CHECKING:
    from tui.endpoints.resolve import AccessResolver
    from tui.endpoints.secrets.passphrase import PassphraseSource
    from tui.endpoints.secrets.stores import SecretStores
    from tui.engine.runs import RunFolder
    from tui.oci.access import Access
    from tui.plan.model import Plan
    from tui.providers.browse import RegistryBrowser


class Session:
    """One opening of the app. Belongs to its event loop; `close` ends what it opened.

    What is slow to import (keyring, HTTP) is imported when first needed, so that the first screen is quick.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        ask: PassphraseSource | None = None,
        warn: Callable[[str], None] = lambda message: None,
        demo: tuple[Endpoint, ...] = (),
    ) -> None:
        self.environ = environ
        self.file = EndpointFile(endpoints_path(environ))
        self.state: Path = state_dir(environ)
        self.basket = Basket()
        self.draft = Draft()
        self.ask = ask
        self.warn = warn
        self._demo = demo
        self._lifeline: BinaryIO | None = None
        self.demo_run: RunFolder | None = None
        """The run the demo made ready last."""
        self._handed_over: set[str] = set()
        self._stores: SecretStores | None = None
        self._resolver: tuple[tuple[Endpoint, ...], AccessResolver] | None = None
        self._browsers: dict[Endpoint, RegistryBrowser] = {}

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the endpoints, the demo's first. Raises EndpointFileError or LocalError for the file."""
        return (*self._demo, *self.file.load())

    def begin_demo(self, endpoints: tuple[Endpoint, ...], lifeline: BinaryIO) -> None:
        """Know the demo's endpoints from now on; their registries stay as long as `lifeline` is open."""
        self._demo, self._lifeline = endpoints, lifeline

    @property
    def demo(self) -> tuple[Endpoint, ...]:
        """The demo's endpoints, none when it was not begun."""
        return self._demo

    def is_demo(self, endpoint: Endpoint) -> bool:
        """Return whether the endpoint is one of the demo's: on no list, and gone when the app ends."""
        return any(each.id == endpoint.id for each in self._demo)

    @property
    def stores(self) -> SecretStores:
        """The secret stores."""
        if self._stores is None:
            from tui.endpoints.secrets.stores import SecretStores

            self._stores = SecretStores(environ=self.environ, ask=self.ask, endpoints=self.endpoints())
        return self._stores

    @property
    def resolver(self) -> AccessResolver:
        """Who knows how to reach the endpoints and as whom; a new one when the list has changed."""
        endpoints = tuple(way_of(each) for each in self.endpoints())
        if self._resolver is None or self._resolver[0] != endpoints:
            from tui.endpoints.resolve import AccessResolver
            from tui.providers.lender import lender

            made = AccessResolver(endpoints, self.stores, environ=self.environ, warn=self.warn, lender=lender)
            self._resolver = (endpoints, made)
        return self._resolver[1]

    async def browser(self, endpoint: Endpoint) -> RegistryBrowser:
        """Return the open browser of an endpoint. Raises Unauthenticated when its secret cannot be had."""
        way = way_of(endpoint)
        browser = self._browsers.get(way)
        if browser is None:
            from tui.providers.browse import RegistryBrowser

            browser = RegistryBrowser(await self.resolver.access_of(endpoint), endpoint.kind)
            self._browsers[way] = await browser.__aenter__()
        return browser

    async def forget(self, endpoint: Endpoint) -> None:
        """Close the browser of an endpoint, after its login or address changed."""
        browser = self._browsers.pop(way_of(endpoint), None)
        self._resolver = None
        if browser is not None:
            await browser.__aexit__(None, None, None)

    async def make_run(self, plan: Plan, source: Endpoint | None, target: Endpoint | None) -> RunFolder:
        """Return the folder of a new run of `plan`. Raises LocalError or JournalError."""
        from tui.engine.logins import LoginSources
        from tui.engine.runner import make_run

        # The demo's endpoints are on no list that the process of the run could read, and need no login.
        names = [endpoint.name if endpoint and endpoint not in self._demo else "" for endpoint in (source, target)]
        logins = LoginSources(source_endpoint=names[0], target_endpoint=names[1])
        return await asyncio.to_thread(make_run, self.state, plan, {"logins": logins.to_document(), "log": ""})

    def named_in(self, folder: RunFolder) -> set[str]:
        """Return the names of the endpoints a run was made with. Raises JournalError."""
        from tui.engine.journal.reader import JournalReader

        with JournalReader(folder.journal) as reader:
            logins = reader.meta("logins")
        return {logins["source_endpoint"], logins["target_endpoint"]}

    def hand_over(self, endpoint: Endpoint) -> None:
        """Give the login of this endpoint to every run that is started from now on, whether it names it or not."""
        self._handed_over.add(endpoint.id)

    async def start(
        self, folder: RunFolder, *, only_generate: bool = False, failed_too: bool = False, only_asked: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start the process of a run; it gets the logins of its endpoints through a pipe and outlives the app.

        Raises Unauthenticated when a secret cannot be had, OSError when no process can be started.
        """
        from tui.engine.launch import launch

        endpoints, accesses = await self._logins(folder)
        return await asyncio.to_thread(
            launch,
            folder,
            endpoints,
            accesses,
            only_generate=only_generate,
            failed_too=failed_too,
            only_asked=only_asked,
        )

    async def start_verification(self, folder: RunFolder, *, deep: bool, extra: bool) -> subprocess.Popen[bytes]:
        """Start a process that verifies a run; it gets its logins as a run does, and outlives the app.

        Raises what `start` raises.
        """
        from tui.engine.launch import launch_verification

        endpoints, accesses = await self._logins(folder)
        return await asyncio.to_thread(launch_verification, folder, endpoints, accesses, deep=deep, extra=extra)

    async def _logins(self, folder: RunFolder) -> tuple[tuple[Endpoint, ...], dict[str, Access]]:
        """Return the endpoints, and the access of those a run needs."""
        endpoints = self.endpoints()
        named = self.named_in(folder)
        accesses = {
            endpoint.id: await self.resolver.access_of(endpoint)
            for endpoint in endpoints
            if (endpoint.name in named or endpoint.id in self._handed_over) and endpoint.store != "none"
        }
        return endpoints, accesses

    async def close(self) -> None:
        """Close connections and stores; runs go on."""
        browsers, self._browsers = self._browsers, {}
        for browser in browsers.values():
            await browser.__aexit__(None, None, None)
        if self._lifeline is not None:
            self._lifeline.close()
        if self._stores is not None:
            await self._stores.close()


def way_of(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint without what does not matter for reaching it: its last test, its note, remembered names."""
    return replace(endpoint, last_test=None, note="", repositories=())
