"""The registries a Harbor knows and replicates to or from: finding, trying and creating them.

Everything here takes a system administrator, or a robot account of the system with these permissions.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tui.oci.errors import Conflict, PolicyRefused, RegistryError
from tui.oci.saying import N_, phrase
from tui.providers.harbor.client import Harbor, id_in_location
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.documents import (
    abilities_of,
    flat_registry_document,
    registry_document,
    registry_of,
)
from tui.providers.harbor.replication.model import (
    MOST_OF_NAME,
    SINCE,
    RegistryAbilities,
    RegistrySpec,
    RemoteRegistry,
)

NEEDS = N_("to be a system administrator of this Harbor (replication is for them alone)")
_CLOUD_KEYS = {
    "ali-acr": N_("an AccessKey of Alibaba Cloud (AccessKey ID and secret, not the registry's user and password)"),
    "tencent-tcr": N_("an API key of Tencent Cloud (SecretId and SecretKey, not the registry's user and password)"),
}


async def version_of(harbor: Harbor) -> Version:
    """Return the version; it decides what registries and policies may say. Raises RegistryError."""
    info = await harbor.info()
    return info.version if info.version.major else Version(2, 0) if info.api == "2.0" else Version(1, 8)


class HarborRegistries:
    """The registries of one Harbor. Every method raises RegistryError."""

    def __init__(self, harbor: Harbor) -> None:
        self._harbor = harbor

    async def types(self) -> list[str]:
        """Return the types of registries it knows (`docker-registry`, `ali-acr`, ...)."""
        listed = await self._harbor.get("/replication/adapters", N_("list the types of registries"), needs=NEEDS)
        return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []

    async def known(self) -> list[RemoteRegistry]:
        """Return the registries it knows."""
        pages = self._harbor.pages(
            "/registries", N_("list the registries"), registry_of, lambda each: each.id, needs=NEEDS
        )
        async with aclosing(pages):
            return [each async for page in pages for each in page.items]

    async def abilities(self, registry: int) -> RegistryAbilities:
        """Return what a policy with this registry may have."""
        found = await self._harbor.get(f"/registries/{registry}/info", N_("look at the registry"), needs=NEEDS)
        return abilities_of(found if isinstance(found, dict) else {})

    async def test(self, spec: RegistrySpec) -> None:
        """Have Harbor try a registry it need not know yet. Raises PolicyRefused when it is out of reach for Harbor."""
        document = flat_registry_document(spec, await version_of(self._harbor)) | {"type": spec.type}
        await self._ping(document, spec)

    async def test_known(self, registry: RemoteRegistry) -> None:
        """Have Harbor try a registry with the credential it keeps. Raises PolicyRefused when that fails."""
        spec = RegistrySpec(registry.name, registry.type, registry.url)
        await self._ping({"id": registry.id}, spec)

    async def find(self, spec: RegistrySpec) -> RemoteRegistry | None:
        """Return the registry of the same type, address and user that it knows already, None when there is none."""
        for known in await self.known():
            same = (known.type, _address(known.url)) == (spec.type, _address(spec.url))
            if same and known.access_key == spec.access_key:
                return known
        return None

    async def ensure(self, spec: RegistrySpec) -> RemoteRegistry:
        """Return the registry for `spec`, reused or created, after Harbor tried it.

        A registry that is reused gets the secret, if `spec` has one, only when Harbor's own does not work any more.
        Raises PolicyRefused, saying what Harbor said, when it cannot be reached or the login fails.
        """
        known = await self.find(spec)
        if known is None:
            return await self.create(spec)
        try:
            await self.test_known(known)
        except PolicyRefused:
            if not spec.access_secret:
                raise
            await self.update(known.id, replace(spec, name=known.name))
            await self.test_known(known)
        return known

    async def create(self, spec: RegistrySpec) -> RemoteRegistry:
        """Create a registry, under another name when that one is taken. Harbor tries it, and refuses what fails."""
        version = await version_of(self._harbor)
        known_since = SINCE.get(spec.type, Version())
        if version < known_since:
            raise PolicyRefused(
                phrase(
                    "Harbor knows registries of the type {type} from {known_since} on, and this one is {version}",
                    type=spec.type,
                    known_since=known_since,
                    version=version,
                ),
                hint=N_("copy with the engine of this program instead, or have Harbor upgraded"),
            )
        for number in range(1, 10):
            name = spec.name if number == 1 else f"{spec.name[: MOST_OF_NAME - 2]}-{number}"
            document = registry_document(replace(spec, name=name), version)
            try:
                answer = await self._harbor.send(
                    "POST", "/registries", N_("create the registry"), reference=name, payload=document, needs=NEEDS
                )
            except RegistryError as error:
                if error.status == 409:
                    continue
                raise _unhealthy(error, spec) from error
            made = id_in_location(answer, N_("create the registry"), self._harbor.registry)
            return RemoteRegistry(made, name, spec.type, spec.url, spec.access_key, spec.insecure, spec.description)
        raise Conflict(
            phrase("names like {name} are all taken by other registries", name=spec.name),
            endpoint=self._harbor.registry,
        )

    async def update(self, registry: int, spec: RegistrySpec) -> None:
        """Change a registry: address, user and secret together, because a new address alone drops the secret."""
        document = flat_registry_document(spec, await version_of(self._harbor)) | {
            "name": spec.name,
            "description": spec.description,
        }
        try:
            await self._harbor.send(
                "PUT",
                f"/registries/{registry}",
                N_("change the registry"),
                reference=spec.name,
                payload=document,
                needs=NEEDS,
            )
        except PolicyRefused as error:
            raise _unhealthy(error, spec) from error

    async def delete(self, registry: int) -> None:
        """Remove a registry. Raises PolicyRefused while a policy uses it."""
        await self._harbor.send("DELETE", f"/registries/{registry}", N_("remove the registry"), needs=NEEDS)

    async def _ping(self, document: dict[str, Any], spec: RegistrySpec) -> None:
        try:
            await self._harbor.send(
                "POST",
                "/registries/ping",
                N_("have Harbor try the registry"),
                reference=spec.url,
                payload=document,
                needs=NEEDS,
            )
        except PolicyRefused as error:
            raise _unhealthy(error, spec) from error


def _unhealthy(error: RegistryError, spec: RegistrySpec) -> RegistryError:
    """Return the error for a registry that Harbor tried in vain; others as they are."""
    if error.status != 400:
        return error
    keys = _CLOUD_KEYS.get(spec.type, N_("a user name and password of that registry"))
    return PolicyRefused(
        error.message,
        endpoint=error.endpoint,
        reference=error.reference or spec.url,
        status=error.status,
        code=error.code,
        hint=phrase(
            "Harbor itself must reach {url} (from its own machine, not from here), and needs {keys}",
            url=spec.url,
            keys=keys,
        ),
    )


def _address(url: str) -> str:
    """Return what two ways to write an address have in common."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
