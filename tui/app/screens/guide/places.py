"""What an operator must have done in a console before a registry is copied from or to: short, by kind of registry.

The facts are those of the vendors' documentation (Harbor, "Create Robot Accounts"; Alibaba Cloud, "Container Registry:
configure access credentials", "access control"; Tencent Cloud, "Tencent Container Registry: network access, user
credentials"). Buttons are called as the English consoles call them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.app.i18n import N_
from tui.endpoints.model import Endpoint
from tui.providers.kinds import Edition, Kind, vendor_of_address


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of registry: `as_source` and `as_target` are what must be done there first, `address` how its address
    looks. `kind` is None for any.
    """

    title: str
    kind: Kind | None = None
    editions: tuple[Edition, ...] = ()
    address: str = ""
    as_source: tuple[str, ...] = ()
    as_target: tuple[str, ...] = ()

    def fits(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is one; where its address does not tell the edition, it may be."""
        if self.kind is None:
            return True
        if endpoint.kind != self.kind:
            return False
        edition = vendor_of_address(endpoint.address).edition
        return not self.editions or not edition or edition in self.editions


HARBOR = Place(
    "Harbor",
    "harbor",
    address="harbor.example.com",
    as_source=(
        N_("A robot account that may list and pull (the project, Robot Accounts), or a member of the project."),
        N_("A robot's name begins with robot$. With single sign-on the password is the CLI secret of your profile."),
    ),
    as_target=(
        N_("A user or robot account that may push and pull in the project."),
        N_("Missing projects are created here if the account may: an administrator, or a robot of the whole system."),
    ),
)
HUB = Place(
    "Docker Hub",
    "dockerhub",
    address="docker.io",
    as_source=(N_("Public images need no login; with one (user name and access token) Docker Hub allows more pulls."),),
    as_target=(N_("An access token that may write (Account Settings, Personal access tokens) is the password."),),
)
ACR_DEFAULT = Place(
    "Alibaba Cloud ACR",
    "acr",
    ("default",),
    "registry.cn-hangzhou.aliyuncs.com",
    as_target=(
        N_("Access Credential: set the registry password (not that of the account), or have an AccessKey ready."),
        N_("Namespaces: create one and switch on Automatically Create Repository (with an AccessKey we can)."),
        N_("A user name is the account as the console shows it, for a RAM user name@alias. Paths have two parts."),
    ),
)
ACR_PERSONAL = Place(
    "Alibaba Cloud ACR Personal",
    "acr",
    ("personal", "default"),
    "crpi-xxxxxxxx.cn-hangzhou.personal.cr.aliyuncs.com",
    as_target=(
        N_("Copy the instance's own address from its page, and set the registry password under Access Credential."),
        N_("A RAM user sets its own password there. At most 3 namespaces, 300 repositories, paths of two parts."),
        N_("Namespaces: create one and switch on Automatically Create Repository (with an AccessKey we can)."),
    ),
)
ACR_ENTERPRISE = Place(
    "Alibaba Cloud ACR Enterprise",
    "acr",
    ("enterprise",),
    "NAME-registry.cn-hangzhou.cr.aliyuncs.com",
    as_target=(
        N_("Access Control, Internet: switch on the public endpoint, add this machine's address to its access list."),
        N_("Access Credential: set a password, or have the AccessKey of a RAM user ready (it lends logins)."),
        N_("Namespaces: one with Automatically Create Repository switched on (with an AccessKey we can do that)."),
    ),
)
TCR = Place(
    "Tencent Cloud TCR",
    "tcr",
    ("enterprise",),
    "NAME.tencentcloudcr.com",
    as_target=(
        N_("Network Access, Public: open it, and add this machine's address to the allowlist."),
        N_("Access Credentials: a long-term one (its user name is a number), or have a SecretId/SecretKey ready."),
        N_("Namespaces: one has to exist, a push creates repositories only (with an API key we can create it)."),
    ),
)
TCR_PERSONAL = Place(
    "Tencent Cloud TCR Personal",
    "tcr",
    ("personal",),
    "ccr.ccs.tencentyun.com",
    as_target=(
        N_("Set the registry password of the personal edition; the user name is the number of the account."),
        N_("Namespaces: create one; its name is unique among all users."),
    ),
)
ANY = Place(
    N_("any registry"),
    as_source=(N_("An account that may pull what is to be copied; none for what is public."),),
    as_target=(N_("An account that may push there; projects or namespaces that the vendor wants made first."),),
)
_KNOWN = (HARBOR, HUB, ACR_DEFAULT, ACR_PERSONAL, ACR_ENTERPRISE, TCR, TCR_PERSONAL)


def place_of(endpoint: Endpoint, wanted: Place) -> Place:
    """Return the place of an endpoint: the one that is wanted, else what its kind and address say."""
    if wanted.kind is not None:
        return wanted
    edition = vendor_of_address(endpoint.address).edition
    alike = [place for place in _KNOWN if place.kind == endpoint.kind]
    return next((place for place in alike if edition in place.editions), alike[0] if alike else ANY)
