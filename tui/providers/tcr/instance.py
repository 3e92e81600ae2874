"""Which instance of Tencent Container Registry is at an address."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tui.oci.access import Connection
from tui.oci.errors import NotFound, PolicyRefused, RegistryError
from tui.oci.saying import N_, phrase
from tui.oci.text import printable
from tui.providers.api.pages import Page, numbered_pages
from tui.providers.cloud import objects, text, whole_number
from tui.providers.detect import vendor_of
from tui.providers.kinds import Vendor, host_of, vendor_of_address
from tui.providers.probe import find_scheme
from tui.providers.tcr.errors import INSTANCE_HINT
from tui.providers.tcr.signed import TcrClient

ANY_REGION = "ap-guangzhou"
"""Asked for the instances of all regions."""
PERSONAL_HINT = N_(
    "the personal edition takes the number of the account as user name, and the password set in its console; an API "
    "key is of no use there"
)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Instance:
    """`id` is `tcr-...`; `domain` the public name; `status` is `Running` when all is well."""

    id: str
    name: str
    region: str
    domain: str
    status: str

    @classmethod
    def of(cls, found: dict[str, object]) -> Instance:
        """Return an entry of DescribeInstances."""
        return cls(
            text(found, "RegistryId"),
            text(found, "RegistryName"),
            text(found, "RegionName"),
            text(found, "PublicDomain"),
            text(found, "Status"),
        )


async def find_instance(client: TcrClient, connection: Connection, given: str = "") -> Instance:
    """Return the instance at the connection's address: by `given` (name or id), its name in the domain, or the domain.

    Raises NotFound when the key sees none, PolicyRefused for the personal edition, which has no instances.
    """
    vendor = vendor_of_address(connection.registry)
    if vendor.edition == "personal":
        raise PolicyRefused(
            N_("the personal edition of Tencent Container Registry lends no logins for an API key"),
            endpoint=connection.registry,
            hint=PERSONAL_HINT,
        )
    if vendor.kind != "tcr" and not given:
        vendor = await _by_realm(connection, vendor)
    name = given or vendor.instance
    domain = host_of(connection.registry)
    async with aclosing(_instances(client, name)) as pages:
        async for page in pages:
            for each in page:
                if (name in (each.name, each.id)) if name else each.domain in (domain, connection.registry):
                    return each
    raise NotFound(
        phrase(
            "there is no instance of Tencent Container Registry for {name} that this key sees",
            name=printable(name or domain),
        ),
        endpoint=connection.registry,
        hint=INSTANCE_HINT,
    )


async def _by_realm(connection: Connection, vendor: Vendor) -> Vendor:
    """Return what the registry behind a domain of one's own says; what was known when it does not answer."""
    try:
        return vendor_of(connection.registry, await find_scheme(connection))
    except RegistryError:
        # The domain itself is compared with those of the instances.
        return vendor


async def _instances(client: TcrClient, name: str) -> AsyncGenerator[list[Instance], None]:
    only: dict[str, Any] = {}
    if name.startswith("tcr-"):
        only = {"Registryids": [name]}
    elif name:
        only = {"Filters": [{"Name": "RegistryName", "Values": [name]}]}

    async def fetch(number: int) -> Page[dict[str, object]]:
        # Here, and in no other list, the offset counts items.
        place = {"Offset": number * _PAGE, "Limit": _PAGE}
        response, _ = await client.call(
            "DescribeInstances", N_("find the instance"), name, region=ANY_REGION, AllRegion=True, **place, **only
        )
        return Page(objects(response, "Registries"), whole_number(response.get("TotalCount")))

    async with aclosing(numbered_pages(fetch, lambda each: text(each, "RegistryId"), first=0)) as pages:
        async for page in pages:
            yield [Instance.of(each) for each in page.items]
