"""Whether a registry takes a login: what `docker login` asks, and nothing more."""

from __future__ import annotations

from tui.oci.access import Access
from tui.oci.errors import Denied, Unauthenticated
from tui.providers.probe import find_scheme


async def log_in(access: Access) -> bool:
    """Ask `/v2/` with the login: Basic to the registry itself, or for a token without any scope.

    Returns whether it was tried: False when the registry lets everybody in here, so that nothing was sent. Raises
    Unauthenticated when it is refused (sent once, so that no account is locked), Denied when a token was given and is
    not enough, and RegistryError when the registry or its token server does not answer.
    """
    from tui.oci.call import Call
    from tui.oci.channel import Channel
    from tui.oci.retry import RetryPolicy

    ready_token = access.credential is not None and access.credential.registry_token
    if not ready_token and (await find_scheme(access.connection)).status == 200:
        return False
    async with Channel(access, retry=RetryPolicy(tries=1, throttled_total=0)) as channel:
        await channel.send(Call("GET", "", (), "log in", access.connection.registry))
    return True


async def refused_login(access: Access) -> Unauthenticated | None:
    """Return the refusal when the login is the reason for a 401, None when it is not (or there is no login).

    Raises RegistryError as `log_in` does for everything else.
    """
    if access.credential is None:
        return None
    try:
        await log_in(access)
    except Unauthenticated as error:
        return error
    except Denied:
        return None
    return None
