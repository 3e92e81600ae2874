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
        N_("A robot account of the project that may list and pull, or a member of it."),
        N_("Robots begin with robot$. With single sign-on take your profile's CLI secret."),
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
        N_("Access Credential: set the registry password, or have an AccessKey ready."),
        N_("Namespaces: create one with Automatically Create Repository on (or let us)."),
        N_("The user name is the account, for a RAM user name@alias. Paths: two parts."),
    ),
)
ACR_PERSONAL = Place(
    "Alibaba Cloud ACR Personal",
    "acr",
    ("personal", "default"),
    "crpi-xxxxxxxx.cn-hangzhou.personal.cr.aliyuncs.com",
    as_target=(
        N_("Copy the instance's address; Access Credential: set the registry password."),
        N_("RAM users set their own. At most 3 namespaces, 300 repositories, two parts."),
        N_("Namespaces: create one with Automatically Create Repository on (or let us)."),
    ),
)
ACR_ENTERPRISE = Place(
    "Alibaba Cloud ACR Enterprise",
    "acr",
    ("enterprise",),
    "NAME-registry.cn-hangzhou.cr.aliyuncs.com",
    as_target=(
        N_("Access Control, Internet: open it, add this machine to the access list."),
        N_("Access Credential: set a password, or have a RAM user's AccessKey ready."),
        N_("Namespaces: create one with Automatically Create Repository on (or let us)."),
    ),
)
TCR = Place(
    "Tencent Cloud TCR",
    "tcr",
    ("enterprise",),
    "NAME.tencentcloudcr.com",
    as_target=(
        N_("Network Access, Public: open it, add this machine to the allowlist."),
        N_("Access Credentials: make a long-term one, or have a SecretId/SecretKey ready."),
        N_("Namespaces: create one (or let us, with the SecretKey); a push does not."),
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
