"""The kinds of registries that are treated differently, and how their host names give them away.

Host names: the vendors' documentation; for Alibaba Cloud the expression of its own credential helper, with the newer
`crpi-` hosts added. Nothing here asks the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from tui.oci.place import is_place

Kind = Literal["generic", "dockerhub", "harbor", "acr", "tcr", "ecr", "ghcr", "gar", "quay", "layout"]
"""Names a provider; `acr` is Alibaba Cloud's, Azure's registry needs nothing of its own and is `generic`."""

KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "layout")
"""Those of registries; `layout` is a place on a disk, which nobody has to tell apart."""

Edition = Literal["", "default", "personal", "enterprise", "public"]
Network = Literal["public", "vpc", "internal"]

TITLES: dict[Kind, str] = {
    "generic": "OCI registry",
    "dockerhub": "Docker Hub",
    "harbor": "Harbor",
    "acr": "Alibaba Cloud ACR",
    "tcr": "Tencent Cloud TCR",
    "ecr": "Amazon ECR",
    "ghcr": "GitHub Container Registry",
    "gar": "Google Artifact Registry",
    "quay": "Quay",
    "layout": "OCI layout on disk",
}
_EDITIONS: dict[Edition, str] = {
    "": "",
    "default": "",
    "personal": " Personal",
    "enterprise": " Enterprise",
    "public": " Public",
}
_NETWORKS: dict[Network, str] = {"public": "", "vpc": " (VPC)", "internal": " (internal network)"}


@dataclass(frozen=True, slots=True)
class Vendor:
    """Whose registry it is, as far as is known.

    `edition`, `region` and `instance` are '' where the vendor has none or they are not known. `product` is the name
    of a generic registry's software where it says so, `version` what it says of its version.
    """

    kind: Kind = "generic"
    edition: Edition = ""
    network: Network = "public"
    region: str = ""
    instance: str = ""
    product: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """The name for people, for example `Alibaba Cloud ACR Enterprise (VPC)`."""
        name = self.product or TITLES[self.kind]
        return f"{name}{_EDITIONS[self.edition]}{_NETWORKS[self.network]}"


_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_ACR = re.compile(
    r"(?:(?P<instance>[^.]+)-)?registry(?:-intl)?(?P<vpc>-vpc)?(?P<internal>-internal)?"
    r"(?:\.distributed)?(?:\.(?P<region>[^.]+))?\.(?P<enterprise>cr\.)?aliyuncs\.com"
)
_ACR_PERSONAL = re.compile(r"(?P<instance>crpi-[^.]+?)(?P<vpc>-vpc)?\.(?P<region>[^.]+)\.personal\.cr\.aliyuncs\.com")
_TCR = re.compile(r"(?P<instance>[^.]+?)(?P<vpc>-vpc)?\.tencentcloudcr\.com")
_TCR_PERSONAL = re.compile(r"[a-z]*ccr\.ccs\.tencentyun\.com")
_ECR = re.compile(
    r"(?P<instance>[0-9]{12})\.dkr(?:\.ecr(?:-fips)?\.(?P<region>[^.]+)\.amazonaws\.com(?:\.cn)?"
    r"|-ecr(?:-fips)?\.(?P<dual>[^.]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
)
_GAR = re.compile(r"(?:(?P<region>[a-z0-9-]+)-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)")
_PRODUCTS = {
    ".azurecr.io": "Azure Container Registry",
    ".azurecr.cn": "Azure Container Registry",
    "registry.gitlab.com": "GitLab",
    ".jfrog.io": "JFrog Artifactory",
}


def host_of(address: str) -> str:
    """Return the host of `host[:port]` in lower case, an IPv6 address without brackets."""
    if address.startswith("["):
        return address[1:].partition("]")[0].lower()
    return address.partition(":")[0].lower()


def guess(address: str) -> Kind:
    """Return the kind of the registry at `host[:port]` from its name alone; `generic` when it says nothing."""
    return vendor_of_address(address).kind


def vendor_of_address(address: str) -> Vendor:
    """Return everything the name `host[:port]` tells."""
    if is_place(address):
        return Vendor("layout")
    host = host_of(address)
    if host in _HUB:
        return Vendor("dockerhub")
    if host == "ghcr.io" or host.endswith(".ghcr.io"):
        return Vendor("ghcr")
    if host == "quay.io" or host.endswith(".quay.io"):
        return Vendor("quay")
    if host == "public.ecr.aws":
        return Vendor("ecr", "public")
    if match := _ECR.fullmatch(host):
        return Vendor("ecr", region=match["region"] or match["dual"], instance=match["instance"])
    if match := _GAR.fullmatch(host):
        return Vendor("gar", region=match["region"] or "")
    if host.endswith(".aliyuncs.com"):
        return _alibaba(host)
    if match := _TCR.fullmatch(host):
        return Vendor("tcr", "enterprise", _network(match), instance=match["instance"])
    if _TCR_PERSONAL.fullmatch(host):
        return Vendor("tcr", "personal")
    if "harbor" in host.split(".")[:-1]:
        return Vendor("harbor")
    product = next((name for suffix, name in _PRODUCTS.items() if host.endswith(suffix)), "")
    return Vendor(product=product)


def _alibaba(host: str) -> Vendor:
    if match := _ACR_PERSONAL.fullmatch(host):
        return Vendor("acr", "personal", _network(match), match["region"], match["instance"])
    if match := _ACR.fullmatch(host):
        edition: Edition = "enterprise" if match["instance"] or match["enterprise"] else "default"
        network: Network = "internal" if match["internal"] else _network(match)
        return Vendor("acr", edition, network, match["region"] or "", match["instance"] or "")
    return Vendor("acr", "enterprise") if host.endswith(".cr.aliyuncs.com") else Vendor()


def _network(match: re.Match[str]) -> Network:
    return "vpc" if match["vpc"] else "public"
