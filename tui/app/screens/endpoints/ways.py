"""What each way to log in means at a kind of registry, in a line below the choice."""

from __future__ import annotations

from tui.app.i18n import N_, _
from tui.app.screens.endpoints.values import Filled

_PASSWORDS = {
    "acr": N_("The registry password set in the console (Access Credential); a RAM user is name@account-alias."),
    "tcr": N_("The account's number and the instance's access credential, or a service account tcr$name."),
    "harbor": N_("A user, or a robot account such as robot$project+name; with single sign-on the CLI secret."),
    "dockerhub": N_("The Docker ID and an access token."),
    "ghcr": N_("Any user name and a personal access token."),
}
_KEYS = {
    "acr": N_("An AccessKey of a RAM user: regferry gets logins for an hour and renews them, and sees namespaces."),
    "tcr": N_("An API key of CAM: regferry gets logins for an hour and renews them, and sees namespaces."),
}
_DOCKER = {"ecr": N_("docker-credential-ecr-login is asked where it is installed; its logins are renewed.")}


def about_login(filled: Filled, kind: str) -> str:
    """Return what to give there, '' where nothing is special."""
    sentences = {"password": _PASSWORDS, "key": _KEYS, "docker": _DOCKER}.get(filled.login, {})
    return _(sentences.get(kind, ""))
