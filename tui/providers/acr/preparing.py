"""Looking at a target in Alibaba Cloud before a run, and preparing it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.oci.access import Access
from tui.oci.errors import Denied, RegistryError
from tui.oci.reference import Repository
from tui.oci.saying import N_
from tui.providers.acr.account import AcrAccount
from tui.providers.acr.place import Place, locate
from tui.providers.acr.policy import ram_policy
from tui.providers.acr.users import user_name_problem
from tui.providers.cloud import account_of
from tui.providers.findings import UNKNOWN, Coming, Finding, worst_first
from tui.providers.kinds import vendor_of_address
from tui.providers.namespaces import CloudNamespaces, in_the_way, namespace_findings
from tui.providers.preparing import Powers

_NAME = {
    "default": re.compile(r"(?![-_])[a-z0-9_-]{2,30}(?<![-_])"),
    "enterprise": re.compile(r"(?![-_.])[a-z0-9_.-]{2,120}(?<![-_.])"),
}
NO_KEY = N_("with a password the namespaces cannot be looked at: each must exist and create repositories by itself")
NO_KEY_HINT = N_(
    "look in the console that the namespaces are there with 'automatically create repository' on, or give the "
    "endpoint an AccessKey: then regferry looks, and can create them"
)
PLACE_HINT = N_("give the target the form {{namespace}}/{{name}}: two parts, for example 'team/app'")


class AcrPreparer(CloudNamespaces):
    """A `Preparer` for Alibaba Cloud."""

    def powers(self, access: Access) -> Powers:
        """Return what can be done with this login."""
        with_key = account_of(access) is not None
        return Powers(
            look=with_key,
            create=with_key,
            repositories=with_key,
            auto_create="switch",
            policy=True,
            why_not="" if with_key else NO_KEY,
            hint="" if with_key else NO_KEY_HINT,
        )

    async def policy(self, access: Access, namespaces: Sequence[str], *, instance: str = "") -> str:
        """Return the RAM policy; the instance and region come from the address, and from the registry's own answer."""
        account = account_of(access)
        if isinstance(account, AcrAccount):
            place = await account.place()
        else:
            place = await locate(access.connection, instance)
        return ram_policy(namespaces, instance=place.instance, region=place.region, create=True)

    async def inspect(self, access: Access, targets: Sequence[Repository], coming: Coming = UNKNOWN) -> list[Finding]:
        """Return what is in the way: names, namespaces, auto-create, the login, the access from the internet."""
        account = account_of(access)
        if not isinstance(account, AcrAccount):
            return [*_names(targets, "enterprise"), *_fixed_password(access)]
        try:
            place = await account.place()
            await account.lend()
        except RegistryError as error:
            return [in_the_way(error)]
        findings = [Finding("ok", N_("the AccessKey gives a login for the registry"))]
        findings += _names(targets, place.edition)
        if place.edition == "enterprise":
            findings += await _public_access(account, access, place)
        return worst_first(findings + await namespace_findings(account, targets))


def _names(targets: Sequence[Repository], edition: str) -> list[Finding]:
    findings = []
    deep = [target.path for target in targets if target.path.count("/") != 1]
    if deep:
        values = {"path": deep[0], "count": str(len(deep))}
        words = N_("{count} targets are not namespace/repository, the first is {path}")
        severity = "problem" if edition == "default" or any("/" not in path for path in deep) else "warning"
        findings.append(Finding(severity, words, PLACE_HINT, values))  # type: ignore[arg-type]
    odd = sorted({name for target in targets if not _NAME[edition].fullmatch(name := target.path.partition("/")[0])})
    if odd:
        advice = N_("a namespace has lower case letters, digits and hyphens, at least 2 and not at the ends")
        findings.append(Finding("problem", N_("{name} cannot be the name of a namespace"), advice, {"name": odd[0]}))
    return findings


def _fixed_password(access: Access) -> list[Finding]:
    findings = []
    if access.credential is not None:
        wrong, advice = user_name_problem(access.credential.username)
        if wrong:
            findings.append(Finding("warning", wrong, advice))
    return [*findings, Finding("note", NO_KEY, NO_KEY_HINT)]


async def _public_access(account: AcrAccount, access: Access, place: Place) -> list[Finding]:
    if vendor_of_address(access.connection.registry).network != "public":
        return [Finding("note", N_("this address works only inside the VPC it is linked with"))]
    try:
        found = await account.public_access()
    except Denied:
        # Looking at this is a permission of its own, and the connection test shows it as well.
        return []
    except RegistryError as error:
        return [in_the_way(error)]
    if found is None or (found.enabled and not found.limited):
        return []
    if not found.enabled:
        advice = N_(
            "switch on the public endpoint of the instance in its console (Access Control, Internet) and add this "
            "machine's address, or use the VPC address from inside"
        )
        return [Finding("problem", N_("the instance {id} is closed to the internet"), advice, {"id": place.instance})]
    if not found.networks:
        advice = N_("add this machine's address to the access list of the instance (Access Control, Internet)")
        return [Finding("problem", N_("the access list of the instance {id} is empty"), advice, {"id": place.instance})]
    words = N_("the instance {id} lets in {networks} only")
    advice = N_("if the connection fails, add this machine's address to the access list of the instance")
    shown = ", ".join(found.networks[:5]) + (" ..." if len(found.networks) > 5 else "")
    return [Finding("note", words, advice, {"id": place.instance, "networks": shown})]
