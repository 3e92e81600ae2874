"""Whether an instance in a cloud lets this machine in from the internet, as its API says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from tui.oci.access import Access
from tui.oci.errors import Denied, RegistryError
from tui.oci.saying import N_
from tui.providers.findings import Finding
from tui.providers.kinds import vendor_of_address
from tui.providers.namespaces import in_the_way

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """`networks` (CIDR) are those an instance lets in; `limited` is False where it lets in everybody."""

    state: Literal["open", "opening", "closed"]
    networks: tuple[str, ...] = ()
    limited: bool = True


async def public_access_findings(
    access: Access, instance: str, look: Callable[[], Awaitable[PublicAccess | None]]
) -> list[Finding]:
    """Return what is in the way of reaching `instance` from here; `look` asks the API, None for open to all."""
    if vendor_of_address(access.connection.registry).network != "public":
        return [Finding("note", N_("this address works only inside the VPC it is linked with"))]
    try:
        found = await look()
    except Denied:
        # Looking at this is a permission of its own, and the connection test shows it as well.
        return []
    except RegistryError as error:
        return [in_the_way(error)]
    if found is None or (found.state == "open" and not found.limited):
        return []
    return [_finding(found, instance)]


def _finding(found: PublicAccess, instance: str) -> Finding:
    values = {"id": instance}
    if found.state == "opening":
        return Finding("problem", N_("public access to the instance {id} is opening"), N_("look again later"), values)
    if found.state == "closed":
        advice = N_(
            "open the public endpoint in the console of the instance (Access Control) and allow this machine's "
            "address, or use the VPC address from inside"
        )
        return Finding("problem", N_("the instance {id} is closed to the internet"), advice, values)
    if not found.networks:
        advice = N_("add this machine's address to the access list of the instance in its console (Access Control)")
        return Finding("problem", N_("the access list of the instance {id} is empty"), advice, values)
    shown = ", ".join(found.networks[:_MOST_NAMED]) + (" ..." if len(found.networks) > _MOST_NAMED else "")
    advice = N_("if the connection fails, add this machine's address to the access list of the instance")
    return Finding("note", N_("the instance {id} lets in {networks} only"), advice, values | {"networks": shown})
