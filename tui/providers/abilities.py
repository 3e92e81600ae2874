"""What a kind of registry can do and where it draws lines, as far as its vendor's documentation and source say.

Sources: the vendors' documentation and source code; what nobody says is left out rather than guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tui.endpoints.model import Endpoint
from tui.oci.saying import N_
from tui.providers.kinds import KINDS, Edition, Vendor, vendor_of_address

Subject = Literal["catalog", "tags", "mount", "upload", "names", "auto-create", "immutability", "limits"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

_DISTRIBUTION: dict[Subject, str] = {
    "catalog": N_("in pages, for accounts that may see all of it"),
    "tags": N_("in pages with version 3, in one list before"),
    "mount": N_("between repositories the account may read"),
    "upload": N_("in chunks"),
    "auto-create": N_("a push creates what is missing"),
}
_KINDS: dict[str, dict[Subject, str]] = {
    "generic": _DISTRIBUTION,
    "dockerhub": {
        "catalog": N_("none over the registry API: name the repositories"),
        "tags": N_("in pages"),
        "mount": N_("within one account"),
        "upload": N_("in chunks"),
        "names": N_("namespace/repository, two parts"),
        "auto-create": N_("a push creates repositories of one's own namespace"),
        "limits": N_("pulls of manifests: 100 in 6 hours without a login, 200 with a free account"),
    },
    "harbor": {
        "catalog": N_("through Harbor's API, what the account may see"),
        "tags": N_("in pages; with push time, labels and signatures through Harbor's API"),
        "mount": N_("between projects the account may read"),
        "upload": N_("in chunks; a proxy before it may limit the size"),
        "names": N_("project/repository, any depth"),
        "auto-create": N_("the project must exist; a push creates repositories in it"),
        "immutability": N_("by rules of the project: an immutable tag cannot be moved"),
        "limits": N_("a storage quota for each project"),
    },
    "acr": {
        "catalog": N_("through the cloud's API, with an AccessKey"),
        "tags": N_("in pages"),
        "names": N_("namespace/repository, two parts"),
        "auto-create": N_("the namespace must exist; whether a push creates repositories is a switch of the namespace"),
        "limits": N_("calls of the API are limited; images and charts only in the default edition"),
    },
    "tcr": {
        "catalog": N_("through the cloud's API, with an API key"),
        "tags": N_("in pages"),
        "names": N_("namespace/repository"),
        "auto-create": N_("the namespace must exist; a push creates repositories in it"),
        "immutability": N_("by one rule for each namespace"),
        "limits": N_("calls of the API are limited; namespaces and repositories by the type of the instance"),
    },
    "ecr": {
        "catalog": N_("up to 1000 names, without pages"),
        "tags": N_("in pages, with the permission ecr:ListImages"),
        "mount": N_("only where the account switched it on"),
        "upload": N_("in parts of 5 to 20 MiB"),
        "auto-create": N_("repositories must exist, unless a creation template makes them"),
        "immutability": N_("a setting of the repository"),
        "limits": N_("10 manifests a second; logins end after 12 hours"),
    },
    "ghcr": {
        "catalog": N_("none: name the repositories"),
        "tags": N_("in pages"),
        "mount": N_("within one owner"),
        "upload": N_("a blob in one request"),
        "auto-create": N_("a push creates what is missing"),
        "limits": N_("some 2000 requests a minute"),
    },
    "gar": {
        "mount": N_("not seen to work"),
        "upload": N_("a blob in one request"),
        "names": N_("project/repository/image, three parts at least"),
        "auto-create": N_("the repository must exist; a push creates images in it"),
    },
    "quay": {
        "tags": N_("in pages"),
        "mount": N_("with the repository it comes from"),
        "upload": N_("in chunks"),
    },
}
_ENTERPRISE: dict[Subject, str] = {
    "immutability": N_("a setting of the repository: all tags but latest"),
    "limits": N_("calls of the API are limited; namespaces and repositories by the type of the instance"),
}


@dataclass(frozen=True, slots=True)
class Ability:
    """One line: what it is about, and how it is there."""

    subject: Subject
    words: str


def abilities(vendor: Vendor) -> tuple[Ability, ...]:
    """Return what is known about a registry, in the order of `SUBJECTS`."""
    known = dict(_KINDS.get(vendor.kind, {}))
    if vendor.kind == "acr" and vendor.edition == "enterprise":
        known |= _ENTERPRISE
    return tuple(Ability(subject, known[subject]) for subject in SUBJECTS if subject in known)


def vendor_at(endpoint: Endpoint) -> Vendor:
    """Return whose registry an endpoint is: by its kind and address, and what was found when it was last asked."""
    if endpoint.kind not in KINDS:
        return Vendor()
    named = vendor_of_address(endpoint.address)
    edition = endpoint.edition if endpoint.edition in get_args(Edition) else ""
    return Vendor(
        kind=endpoint.kind,
        edition=edition or named.edition,  # type: ignore[arg-type]  # one of its words
        network=named.network,
        region=endpoint.region or named.region,
        instance=endpoint.instance or named.instance,
        product=named.product,
        version=endpoint.version,
    )
