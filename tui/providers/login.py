"""Whether a registry takes a login: what `docker login` asks, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.access import Access
from tui.oci.errors import Denied, RegistryError, Unauthenticated
from tui.oci.saying import N_, phrase
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
        await channel.send(Call("GET", "", (), N_("log in"), access.connection.registry))
    return True


@dataclass(frozen=True, slots=True)
class Tried:
    """Whether a login was taken (None: it could not be found out), and what to mind, '' for nothing."""

    accepted: bool | None
    remark: str = ""


async def try_out(access: Access) -> Tried:
    """Find out whether a login is taken; for an access key whether the cloud lends logins for it.

    Raises Unauthenticated when it is refused. A registry or API that does not answer is no obstacle.
    """
    try:
        if access.temporary is not None:
            await access.temporary.current()
        tried = await log_in(access)
    except Unauthenticated:
        raise
    except Denied as error:
        # The account is known; what it may do is another question.
        if error.endpoint != access.connection.registry:
            return Tried(True, phrase("the key was accepted, and gives no login yet: {reason}", reason=_whole(error)))
        remark = phrase(
            "the login was accepted, and gives no access to the registry itself: {reason}", reason=_whole(error)
        )
        return Tried(True, remark)
    except RegistryError as error:
        return Tried(None, phrase("the login was not tried: {reason}", reason=_whole(error)))
    if tried or access.temporary is not None:
        return Tried(True)
    return Tried(None, N_("the login was not tried: the registry lets everybody in"))


def _whole(error: RegistryError) -> str:
    return phrase("{message}; {hint}", message=error.message, hint=error.hint) if error.hint else error.message


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
