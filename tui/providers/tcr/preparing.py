"""Looking at a target in Tencent Cloud before a run, and preparing it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.oci.access import Access
from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.providers.cloud import account_of
from tui.providers.findings import UNKNOWN, Coming, Finding, worst_first
from tui.providers.kinds import vendor_of_address
from tui.providers.namespaces import CloudNamespaces, in_the_way, namespace_findings
from tui.providers.preparing import Policy, Powers, policy_file
from tui.providers.public_access import public_access_findings
from tui.providers.tcr.account import TcrAccount
from tui.providers.tcr.instance import PERSONAL_HINT
from tui.providers.tcr.policy import INSTANCE, UNCONFIRMED, UNCONFIRMED_PERSONAL, cam_policy, personal_policy

_NAME = re.compile(r"(?=.{2,30}$)[a-z0-9]+(?:[._-][a-z0-9]+)*")
NO_KEY = N_("with a password the namespaces cannot be looked at, and a push does not create them")
CONSOLE = N_("look in the console that the namespaces are there")
NO_KEY_HINT = N_(
    "look in the console that the namespaces are there, or give the endpoint an API key: then regferry looks, and can "
    "create them"
)
_SERVICE_ACCOUNT = "tcr$"


class TcrPreparer(CloudNamespaces):
    """A `Preparer` for Tencent Cloud."""

    def powers(self, access: Access) -> Powers:
        """Return what can be done with this login."""
        if account_of(access) is not None:
            return Powers()
        hint = CONSOLE if _is_personal(access) else NO_KEY_HINT
        return Powers(look=False, create=False, repositories=False, why_not=NO_KEY, hint=hint)

    async def policy(self, access: Access, namespaces: Sequence[str], *, instance: str = "") -> Policy:
        """Return the CAM policy; the instance is the endpoint's, else the one the API key sees at the address."""
        if _is_personal(access):
            document, unconfirmed = personal_policy(namespaces), UNCONFIRMED_PERSONAL
        else:
            known, region = await _known_instance(access, instance)
            document, unconfirmed = cam_policy(namespaces, instance=known or INSTANCE, region=region), UNCONFIRMED
            if not known:
                fill_in = phrase("put the id of the instance in the place of {stand_in}", stand_in=INSTANCE)
                unconfirmed = phrase("{one}; {other}", one=fill_in, other=unconfirmed)
        return Policy(
            document,
            phrase("The least a sub-account needs for {names}", names=", ".join(sorted(set(namespaces)))),
            N_("Paste it in the console (Access Management, Policies, Create by Policy Syntax) and associate it."),
            policy_file("cam", namespaces),
            unconfirmed,
        )

    async def inspect(self, access: Access, targets: Sequence[Repository], coming: Coming = UNKNOWN) -> list[Finding]:
        """Return what is in the way: names, namespaces, the login, the access from the internet."""
        account = account_of(access)
        if not isinstance(account, TcrAccount):
            return [*_names(targets), *_fixed_password(access)]
        try:
            instance = await account.instance()
            await account.lend()
        except RegistryError as error:
            return [in_the_way(error)]
        findings = [Finding("ok", N_("the API key gives a login for the registry"))]
        if instance.status and instance.status != "Running":
            values = {"id": instance.id, "status": instance.status}
            advice = N_("wait, or look at the instance in the console")
            findings.append(Finding("problem", N_("the instance {id} is not running: {status}"), advice, values))
        findings += _names(targets)
        findings += await public_access_findings(access, instance.id, account.public_access)
        return worst_first(findings + await namespace_findings(account, targets))


def _is_personal(access: Access) -> bool:
    return vendor_of_address(access.connection.registry).edition == "personal"


async def _known_instance(access: Access, given: str) -> tuple[str, str]:
    """Return the id and region of the instance at the address, both '' where nobody tells."""
    account = account_of(access)
    if isinstance(account, TcrAccount):
        try:
            found = await account.instance()
            return found.id, found.region
        except (Denied, NotFound, PolicyRefused):
            # The permission to look is what the policy is asked for.
            pass
    return (given if given.startswith("tcr-") else ""), ""


def _names(targets: Sequence[Repository]) -> list[Finding]:
    findings = []
    if bare := [target.path for target in targets if "/" not in target.path]:
        advice = N_("give the target the form {{namespace}}/{{name}}, for example 'team/app'")
        findings.append(Finding("problem", N_("the target {path} names no namespace"), advice, {"path": bare[0]}))
    odd = sorted({name for target in targets if not _NAME.fullmatch(name := target.path.partition("/")[0])})
    if odd:
        advice = N_("a namespace has 2 to 30 lower case letters and digits, with single . _ or - between them")
        findings.append(Finding("problem", N_("{name} cannot be the name of a namespace"), advice, {"name": odd[0]}))
    return findings


def _fixed_password(access: Access) -> list[Finding]:
    findings = []
    personal = _is_personal(access)
    username = access.credential.username if access.credential else ""
    # The number of an account (UIN), or a service account.
    if username and not username.isdigit() and not username.startswith(_SERVICE_ACCOUNT):
        advice = PERSONAL_HINT if personal else (
            N_("the user name is the number of the account, or tcr$ and the name of a service account; the password is "
            "the access credential of the instance, not that of the console")
        )  # fmt: skip
        findings.append(Finding("warning", N_("{user} is no user name of this registry"), advice, {"user": username}))
    return [*findings, Finding("note", NO_KEY, CONSOLE if personal else NO_KEY_HINT)]
