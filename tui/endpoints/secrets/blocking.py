"""The secret stores for code without an event loop: the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.status import StoreStatus
from tui.endpoints.secrets.stores import Moved, SecretStores
from tui.oci.access import Credential

_Result = TypeVar("_Result")


class BlockingStores:
    """The same as SecretStores, each method waiting for its end. Use as a context manager, not inside a loop."""

    def __init__(self, stores: SecretStores) -> None:
        self._stores = stores
        self._runner = asyncio.Runner()

    def __enter__(self) -> BlockingStores:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        try:
            self.run(self._stores.close())
        finally:
            self._runner.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return the result of a coroutine that uses the stores."""
        return self._runner.run(work)

    def get(self, endpoint: Endpoint) -> Credential | None:
        """See SecretStores.get."""
        return self.run(self._stores.get(endpoint))

    def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """See SecretStores.put."""
        self.run(self._stores.put(endpoint, credential))

    def delete(self, endpoint: Endpoint) -> bool:
        """See SecretStores.delete."""
        return self.run(self._stores.delete(endpoint))

    def move(self, old: Endpoint, new: Endpoint, save: Callable[[Endpoint], object]) -> Moved:
        """See SecretStores.move."""
        return self.run(self._stores.move(old, new, save))

    def survey(self) -> list[StoreStatus]:
        """See SecretStores.survey."""
        return self.run(self._stores.survey())

    def unlock(self, name: StoreName, passphrase: str, *, create: bool = False) -> None:
        """See SecretStores.unlock."""
        self.run(self._stores.unlock(name, passphrase, create=create))
