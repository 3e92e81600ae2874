"""What to look at when a vendor's registry does not answer, or says no: their usual reasons."""

from __future__ import annotations

from tui.oci.answers import SOME_NETWORKS_ONLY
from tui.oci.errors import Denied, NetworkError, RegistryError
from tui.oci.saying import N_
from tui.providers.kinds import Vendor

VPC_ONLY = N_("this address works only inside the cloud's own network (VPC); from outside use the public address")
ACR_CLOSED = N_(
    "public access of an ACR Enterprise instance is off at first: open it in the console and add this machine's "
    "address to its access list"
)
TCR_CLOSED = N_(
    "public access of a TCR instance is off at first: open it in the console and allow this machine's address"
)
ACR_DENIED = N_(
    "ACR says this for three reasons: the namespace does not exist, it does not create repositories by itself and this "
    "one is missing, or the account has no permission to push; look in the console, or give the endpoint an AccessKey "
    "and let regferry look"
)
ACR_DEPTH = N_("ACR takes namespace/repository only: give the target two parts")
TCR_DENIED = N_(
    "the namespace must exist before a push and the account needs the permission to push to it: look in the console of "
    "the instance, or give the endpoint an API key and let regferry look"
)


def unreachable_hint(vendor: Vendor) -> str:
    """Return what to look at when the host does not answer, '' where the vendor has no usual reason."""
    if vendor.network != "public":
        return VPC_ONLY
    if vendor.edition == "enterprise":
        return {"tcr": TCR_CLOSED, "acr": ACR_CLOSED}.get(vendor.kind, "")
    return ""


def advice(error: RegistryError, vendor: Vendor) -> str:
    """Return what to do about an error at a vendor's registry (not at its API): its usual reason, else what it says."""
    if isinstance(error, NetworkError) or error.hint == SOME_NETWORKS_ONLY:
        return unreachable_hint(vendor) or error.hint
    if isinstance(error, Denied):
        path = error.reference.removeprefix(f"{error.endpoint}/")
        if vendor.kind == "acr" and path.count("/") > 1:
            return ACR_DEPTH
        return {"acr": ACR_DENIED, "tcr": TCR_DENIED}.get(vendor.kind, error.hint)
    return error.hint
