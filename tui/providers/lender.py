"""Who lends logins for the access key of an endpoint."""

from __future__ import annotations

from tui.endpoints.model import Endpoint
from tui.oci.access import Connection, Credential, TemporaryLogin
from tui.oci.errors import Unauthenticated
from tui.oci.saying import N_, phrase


def lender(endpoint: Endpoint, connection: Connection, key: Credential) -> TemporaryLogin:
    """Return who lends logins for an endpoint whose secret is the access key `key`; nobody is asked yet.

    What `tui.endpoints.resolve.AccessResolver` takes as its `lender`. Raises Unauthenticated for a kind of registry
    that has no access keys of its own.
    """
    if endpoint.kind == "acr":
        from tui.providers.acr.account import AcrAccount
        from tui.providers.cloud import CloudLogin

        return CloudLogin(AcrAccount(connection, key, api=endpoint.api, instance=endpoint.instance))
    if endpoint.kind == "tcr":
        from tui.providers.cloud import CloudLogin
        from tui.providers.tcr.account import TcrAccount

        return CloudLogin(TcrAccount(connection, key, api=endpoint.api, instance=endpoint.instance))
    raise Unauthenticated(
        phrase(
            "the endpoint {name!r} is no registry of Alibaba Cloud or Tencent Cloud, which take access keys",
            name=endpoint.name,
        ),
        endpoint=endpoint.address,
        hint=N_("set the kind of the endpoint to acr or tcr, or store a password for the registry"),
    )
