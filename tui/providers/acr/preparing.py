"""Looking at a target in Alibaba Cloud before a run, and preparing it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.oci.access import Access
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.providers.acr.account import AcrAccount
from tui.providers.acr.place import locate
from tui.providers.acr.policy import UNCONFIRMED, UNCONFIRMED_DEFAULT, ram_policy
from tui.providers.acr.users import user_name_problem
from tui.providers.cloud import account_of
from tui.providers.findings import UNKNOWN, Coming, Finding, worst_first
from tui.providers.namespaces import CloudNamespaces, in_the_way, namespace_findings
from tui.providers.preparing import Policy, Powers, policy_file
from tui.providers.public_access import public_access_findings

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
            why_not="" if with_key else NO_KEY,
            hint="" if with_key else NO_KEY_HINT,
        )

    async def policy(self, access: Access, namespaces: Sequence[str], *, instance: str = "") -> Policy:
        """Return the RAM policy; the instance and region come from the address, and from the registry's own answer."""
        account = account_of(access)
        if isinstance(account, AcrAccount):
            place = await account.place()
        else:
            place = await locate(access.connection, instance)
        return Policy(
            ram_policy(namespaces, instance=place.instance, region=place.region, create=True),
            phrase("The least a RAM user needs for {names}", names=", ".join(sorted(set(namespaces)))),
            N_("Paste it in the RAM console (Policies, Create Policy, JSON) and grant it to the RAM user."),
            policy_file("ram", namespaces),
            UNCONFIRMED if place.instance else UNCONFIRMED_DEFAULT,
        )

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
            findings += await public_access_findings(access, place.instance, account.public_access)
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
