"""Where a registry of Alibaba Cloud is: edition, region, instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.oci.access import Connection
from tui.oci.errors import PolicyRefused, RegistryError
from tui.oci.saying import N_, phrase
from tui.providers.detect import vendor_of
from tui.providers.kinds import Vendor, vendor_of_address
from tui.providers.probe import find_scheme


@dataclass(frozen=True, slots=True)
class Place:
    """`instance` is the id of an Enterprise instance (`cri-...`) or, where only that is known, its name; else ''."""

    edition: Literal["default", "enterprise"]
    region: str
    instance: str = ""

    @property
    def api_host(self) -> str:
        """The usual host of the API."""
        return f"cr.{self.region}.aliyuncs.com"


async def locate(connection: Connection, instance: str = "") -> Place:
    """Return where the registry is: by its address, and by whom its login is for (the Bearer service).

    The latter tells the id of an Enterprise instance without any permission, also behind a domain of one's own.
    `instance` is what the endpoint says. Raises PolicyRefused when it is no registry of Alibaba Cloud, RegistryError
    when it does not answer and the address does not tell.
    """
    named = vendor_of_address(connection.registry)
    if _tells_all(named, instance):
        return _place(named, instance)
    try:
        vendor = vendor_of(connection.registry, await find_scheme(connection))
    except RegistryError as error:
        if named.kind == "acr" and named.region and named.instance:
            return _place(named, instance)
        error.hint = error.hint or N_("the registry must be reachable to learn its region and instance")
        raise
    if vendor.kind != "acr" or not vendor.region:
        raise PolicyRefused(
            phrase(
                "{registry} does not answer as a registry of Alibaba Cloud: an AccessKey is of no use there",
                registry=connection.registry,
            ),
            endpoint=connection.registry,
            hint=N_("check the address and the kind of the endpoint, or store a password for the registry"),
        )
    return _place(vendor, instance)


def _tells_all(named: Vendor, instance: str) -> bool:
    if named.kind != "acr" or not named.region:
        return False
    return named.edition in ("default", "personal") or instance.startswith("cri-")


def _place(vendor: Vendor, instance: str) -> Place:
    if vendor.edition == "enterprise" or instance.startswith("cri-"):
        return Place("enterprise", vendor.region, instance or vendor.instance)
    return Place("default", vendor.region)
