"""Endpoints, stores and the steps of a test in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.app.i18n import N_, _, said
from tui.app.widgets.states import State
from tui.endpoints.model import Endpoint, StoreName
from tui.oci.place import is_place
from tui.providers.abilities import vendor_at
from tui.providers.kinds import TITLES as KIND_TITLES

if TYPE_CHECKING:
    from tui.endpoints.secrets.status import StoreStatus
    from tui.providers.detect import Detected

STORES: dict[StoreName, str] = {
    "keyring": N_("OS keyring"),
    "vault": N_("encrypted vault"),
    "kernel": N_("kernel keyring"),
    "docker": N_("docker or podman"),
    "session": N_("this session only"),
    "env": N_("environment variable"),
    "none": N_("no login"),
}
"""Where a password is kept."""

LASTS: dict[StoreName, str] = {
    "keyring": N_("until removed"),
    "vault": N_("until removed"),
    "kernel": N_("8 hours"),
    "docker": N_("until docker logout"),
    "session": N_("until regferry ends"),
    "env": N_("while it is set"),
    "none": "",
}

STORE_STATES: Mapping[str, State] = {
    state.name: state
    for state in (
        State("available", N_("ready"), "✓", "+", "success", 0),
        State("read-only", N_("only read"), "=", "=", "muted", 1),
        State("unlock", N_("locked: unlock it"), "!", "!", "warning", 2),
        State("create", N_("to be set up"), "◦", ".", "warning", 3),
        State("locked", N_("locked"), "!", "!", "warning", 4),
        State("absent", N_("not there"), "-", "-", "muted", 5),
        State("stuck", N_("does not answer"), "✗", "x", "error", 6),
        State("refused", N_("refuses"), "✗", "x", "error", 7),
    )
}
"""What can be done with a store now."""

_MESSAGES: dict[str, str] = {
    "keyring ready": N_("The OS keyring is open."),
    "keyring needs-prompt": N_("The OS keyring is locked; it opens with its passphrase, usually the login password."),
    "keyring locked": N_("The OS keyring is locked. Unlock it on the desktop, or use the encrypted vault."),
    "keyring no-bus": N_("This login has no D-Bus session, so no OS keyring can be reached: use the encrypted vault."),
    "keyring no-service": N_("No keyring service runs in this login: use the encrypted vault."),
    "keyring no-default": N_("The keyring service has no keyring yet; one is made with a passphrase."),
    "keyring no-backend": N_("No OS keyring is supported here: use the encrypted vault."),
    "keyring timeout": N_("The OS keyring does not answer: use the encrypted vault, or this session only."),
    "vault not-set-up": N_("There is no vault yet: choose a passphrase, and one is made."),
    "vault ready": N_("The vault is open."),
    "vault locked": N_("The vault is locked: give its passphrase."),
    "kernel ready": N_("The kernel keeps it in memory for the logins of this user on this host."),
    "kernel no-kernel-keyring": N_("There is no kernel keyring on this system."),
    "docker read-only": N_("Logins of docker and podman are read; without a credential helper none is written."),
    "session ready": N_("Kept in memory only; it is asked for again next time."),
    "env read-only": N_("The endpoint names a variable; its value is read when needed and written nowhere."),
}

TEST_STATES: Mapping[str, State] = {
    state.name: state
    for state in (
        State("failed", N_("does not work"), "✗", "x", "error", 0),
        State("testing", N_("testing…"), "►", ">", "accent", 1),
        State("untested", N_("not tested"), "◦", ".", "muted", 2),
        State("works", N_("works"), "✓", "+", "success", 3),
    )
}
"""How an endpoint stands."""

STEPS: dict[str, str] = {
    "disk": N_("folder or tar"),
    "name": N_("name resolved"),
    "tcp": N_("TCP connected"),
    "tls": N_("TLS"),
    "api": N_("registry API (/v2/)"),
    "login": N_("login"),
    "list": N_("list repositories"),
    "pull": N_("permission to pull"),
    "push": N_("permission to push"),
}
"""The steps of a connection test."""


SUBJECTS: dict[str, str] = {
    "catalog": N_("repositories"),
    "tags": N_("tags"),
    "mount": N_("mounting"),
    "upload": N_("uploads"),
    "names": N_("names"),
    "auto-create": N_("creating"),
    "immutability": N_("fixed tags"),
    "limits": N_("limits"),
}
"""What a registry can do or not (`tui.providers.abilities`)."""


def store_title(endpoint: Endpoint) -> str:
    """Return where the endpoint's password is kept, with the variable's name."""
    title = _(STORES[endpoint.store])
    return f"{title} {endpoint.password_env}" if endpoint.store == "env" else title


def store_state(status: StoreStatus) -> str:
    """Return a key of `STORE_STATES`."""
    if status.opening:
        return status.opening
    if status.state == "available" and not status.can_save:
        return "read-only"
    return status.state


def store_message(status: StoreStatus) -> str:
    """Return what a store says of itself, and the next step."""
    known = _MESSAGES.get(f"{status.store} {status.reason}")
    if known:
        return _(known)
    return f"{said(status.message)} {said(status.next_step)}".strip()


def kind_title(kind: str) -> str:
    """Return the name of a kind of registry; a kind nobody knows is its own name."""
    return {str(key): title for key, title in KIND_TITLES.items()}.get(kind, kind)


def registry_title(endpoint: Endpoint) -> str:
    """Return what an endpoint is, with edition, version and region as far as they are known."""
    if endpoint.kind not in KIND_TITLES:
        return kind_title(endpoint.kind)
    return " ".join(part for part in (vendor_at(endpoint).title, endpoint.version) if part)


def account(endpoint: Endpoint) -> str:
    """Return as whom we are there."""
    if endpoint.username:
        return endpoint.username
    return _("anonymous") if endpoint.store == "none" else "-"


def encryption(endpoint: Endpoint) -> str:
    """Return how the way to the registry is protected, '' where there is none."""
    if is_place(endpoint.address):
        return ""
    if endpoint.scheme == "http":
        return _("plain http, not encrypted")
    if not endpoint.verify:
        return _("TLS, the certificate is not verified")
    if endpoint.scheme == "auto":
        return _("TLS, or plain http on this machine")
    return _("TLS, verified by {file}").format(file=endpoint.ca_file) if endpoint.ca_file else _("TLS, verified")


_TLS = {
    "trusted": N_("certificate trusted"),
    "untrusted": N_("certificate not trusted"),
    "unverified": N_("certificate not verified"),
    "none": N_("no encryption"),
}
_AUTH = {
    "none": N_("no login asked for"),
    "basic": N_("user name and password"),
    "bearer": N_("login by token"),
    "unknown": N_("unknown login"),
}


def found_words(found: Detected) -> str:
    """Return what answered at an address, on one line."""
    if not found.reachable:
        return said(found.problem)
    name = " ".join(part for part in (found.title, found.vendor.version) if part)
    if found.kind == "layout":
        return name
    parts = [name, found.scheme, _(_TLS.get(found.tls, ""))]
    if found.registry:
        parts.append(_(_AUTH[found.auth]))
    return " · ".join(part for part in parts if part)
