"""Where a run finds its logins and the way to its registries, kept with the run so that it can be resumed.

Paths, flags and names only; never a secret.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui.endpoints.file import EndpointFile
from tui.endpoints.locations import endpoints_path
from tui.endpoints.origins import NO_OVERRIDE, Override
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.passphrase import PassphraseSource
from tui.endpoints.secrets.stores import SecretStores
from tui.oci.access import Access
from tui.providers.lender import lender

_PATHS = ("ca_file", "client_cert", "client_key")


@dataclass(frozen=True, slots=True)
class LoginSources:
    """An image-syncer file with logins (`auth_file`), and what was said outright for one side.

    `source_endpoint` and `target_endpoint` name entries of the endpoint list, '' takes the first that fits.
    """

    auth_file: Path | None = None
    source: Override = NO_OVERRIDE
    target: Override = NO_OVERRIDE
    source_endpoint: str = ""
    target_endpoint: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return it as values JSON can carry. Raises ValueError for a password among them."""
        if self.source.credential or self.target.credential:
            raise ValueError("a credential is not kept with a run")
        return {
            "auth_file": str(self.auth_file.absolute()) if self.auth_file else "",
            "source": _document(self.source),
            "target": _document(self.target),
            "source_endpoint": self.source_endpoint,
            "target_endpoint": self.target_endpoint,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> LoginSources:
        """Return what `to_document` made."""
        return cls(
            auth_file=Path(document["auth_file"]) if document["auth_file"] else None,
            source=_override(document["source"]),
            target=_override(document["target"]),
            source_endpoint=document["source_endpoint"],
            target_endpoint=document["target_endpoint"],
        )

    @asynccontextmanager
    async def opened(
        self,
        *,
        ask: PassphraseSource | None,
        warn: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
        given: Mapping[str, Access] | None = None,
    ) -> AsyncIterator[tuple[AccessResolver, AccessResolver]]:
        """Give who resolves the access of the source and of the target side; the secret stores are open inside.

        `ask` gives the passphrase of the vault, `given` are accesses by endpoint id whose logins hold for this process.
        Raises PlanFileError for the auth file, EndpointFileError or LocalError for the endpoint list.
        """
        lookup = None
        if self.auth_file is not None:
            from tui.plan.image_syncer import load_auth

            lookup = load_auth(self.auth_file, environ=environ).lookup
        endpoints = EndpointFile(endpoints_path(environ)).load()
        async with SecretStores(environ=environ, ask=ask, endpoints=endpoints) as stores:
            for endpoint in endpoints:
                if (access := (given or {}).get(endpoint.id)) and access.credential:
                    stores.give(endpoint, access.credential)
            common = AccessResolver(endpoints, stores, lookup=lookup, environ=environ, warn=warn, lender=lender)
            yield (
                common.overridden(self.source, self.source_endpoint),
                common.overridden(self.target, self.target_endpoint),
            )


def _document(override: Override) -> dict[str, Any]:
    values = {name: value for name, value in asdict(override).items() if value is not None}
    return {name: str(Path(value).absolute()) if name in _PATHS else value for name, value in values.items()}


def _override(document: Mapping[str, Any]) -> Override:
    values: dict[str, Any] = {name: Path(value) if name in _PATHS else value for name, value in document.items()}
    return Override(**values)
