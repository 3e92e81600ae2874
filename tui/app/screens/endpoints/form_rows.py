"""The lines of the endpoint form, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.app.i18n import N_, _
from tui.app.screens.endpoints.lines import ChoiceLine, PickLine
from tui.app.screens.endpoints.values import Filled, on_disk
from tui.app.screens.secret_input import SecretInput
from tui.app.widgets.fitted import fit, width
from tui.endpoints.access_keys import KEYED

LABELS = {
    "address": N_("Address"),
    "name": N_("Name"),
    "trust": N_("Encryption"),
    "ca_file": N_("CA file"),
    "login": N_("Log in with"),
    "username": N_("User name"),
    "password": N_("Password"),
    "token": N_("STS token"),
    "store": N_("Keep it in"),
    "variable": N_("Variable"),
    "instance": N_("Instance"),
    "api": N_("API"),
    "kind": N_("Kind"),
    "client_cert": N_("Client cert"),
    "client_key": N_("Its key"),
    "proxy": N_("Proxy"),
    "note": N_("Note"),
}
TRUSTS = (
    ("verified", N_("verified")),
    ("ca", N_("private CA")),
    ("skip", N_("not verified")),
    ("http", N_("plain http")),
)
LOGINS = (
    ("password", N_("password")),
    ("key", N_("access key")),
    ("docker", N_("docker login")),
    ("variable", N_("variable")),
    ("anonymous", N_("nothing")),
)
PLACEHOLDERS = {
    "address": N_("harbor.example.com, 10.0.0.5:5000, /media/usb/export"),
    "name": N_("taken from the address"),
    "ca_file": N_("certificates of the CA (PEM)"),
    "token": N_("only of a temporary key"),
    "variable": N_("REGISTRY_PASSWORD"),
    "instance": N_("found out; else its id (cri-…, tcr-…) or name"),
    "api": N_("as usual; else https://host, for example the VPC address"),
    "client_cert": N_("certificate (PEM), for registries that ask for one"),
    "client_key": N_("key (PEM)"),
    "proxy": N_("http://host:port; empty follows HTTPS_PROXY and NO_PROXY"),
}
_SHOWN_FOR = {
    "trust": "for-registry",
    "login": "for-registry",
    "ca_file": "for-ca",
    "username": "for-username",
    "password": "for-password",
    "token": "for-key",
    "store": "for-password",
    "instance": "for-key",
    "api": "for-key",
    "variable": "for-variable",
    "kind": "for-more",
    "client_cert": "for-more",
    "client_key": "for-more",
    "proxy": "for-more",
    "note": "for-more",
}
"""Which class the form has while the line can be seen; the others always can."""
REMARKS = ("address", "trust", "login", "store")
"""Lines with a remark below them."""


def label_width() -> int:
    """Return the cells of the widest label."""
    secrets = [name for names in SECRET_LABELS.values() for name in names]
    return max(width(_(label)) for label in (*LABELS.values(), *secrets))


def form_rows(filled: Filled, *, has_password: bool) -> Iterator[Widget]:
    """Yield the lines; their widgets are called `#field-<key>`, the remarks `#remark-<key>`."""
    labels = label_width()
    for key, label in LABELS.items():
        shown = f"row {_SHOWN_FOR.get(key, '')}".rstrip()
        with_label = Static(fit(_(label), labels), classes="label", id=f"label-{key}", markup=False)
        yield Horizontal(with_label, _field(key, filled, has_password), classes=shown)
        if key in REMARKS:
            remark = Static(id=f"remark-{key}", classes="remark", markup=False)
            remark.styles.margin = (0, 0, 0, labels + 3)
            remark.display = False
            yield remark


def logins_for(kind: str, login: str = "") -> list[tuple[str, str]]:
    """Return the ways to log in that a kind of registry has; `login` is one that is taken already."""
    return [(value, _(words)) for value, words in LOGINS if value != "key" or kind in KEYED or login == "key"]


SECRET_LABELS = {
    "acr": (N_("AccessKey ID"), N_("Secret")),
    "tcr": (N_("SecretId"), N_("SecretKey")),
}
"""What the two parts of an access key are called."""


def _field(key: str, filled: Filled, has_password: bool) -> Widget:
    name = f"field-{key}"
    if key == "trust":
        return ChoiceLine([(value, _(words)) for value, words in TRUSTS], filled.trust, id=name)
    if key == "login":
        return ChoiceLine(logins_for(filled.kind, filled.login), filled.login, id=name)
    if key in ("store", "kind"):
        return PickLine(id=name)
    if key == "password":
        return SecretInput(_("as it is now; type to replace it") if has_password else "", id=name)
    if key == "token":
        return SecretInput(_(PLACEHOLDERS[key]), id=name)
    placeholder = _(PLACEHOLDERS.get(key, ""))
    return Input(str(getattr(filled, key)), placeholder=placeholder, id=name, compact=True, select_on_focus=False)


class FormBox(VerticalScroll, can_focus=False):
    """Holds the lines, and scrolls where the terminal is low."""

    DEFAULT_CSS = """
    FormBox { border: round $border; border-title-color: $text-accent; padding: 0 1; scrollbar-size-vertical: 1; }
    FormBox Horizontal { height: 1; }
    FormBox .label { width: auto; color: $text-muted; margin-right: 2; }
    FormBox Input { width: 1fr; }
    FormBox .remark { width: 1fr; height: auto; color: $text-muted; }
    FormBox .remark.-good { color: $text-success; }
    FormBox .remark.-warning { color: $text-warning; }
    FormBox .remark.-bad { color: $text-error; }
    FormBox .for-ca, FormBox .for-username, FormBox .for-password, FormBox .for-variable, FormBox .for-more,
    FormBox .for-key { display: none; }
    FormBox.-ca .for-ca, FormBox.-username .for-username, FormBox.-password .for-password,
    FormBox.-variable .for-variable, FormBox.-more .for-more, FormBox.-key .for-key { display: block; }
    FormBox.-disk .for-registry, FormBox.-disk .for-username, FormBox.-disk .for-password,
    FormBox.-disk .for-variable, FormBox.-disk .for-ca, FormBox.-disk .for-key { display: none; }
    FormBox.-docker #remark-store, FormBox.-variable #remark-store { display: none; }
    """

    @property
    def _labels(self) -> int:
        return label_width()

    def remark(self, key: str, text: str, kind: str = "") -> None:
        """Say something below a line; `kind` is '' or 'good', 'warning', 'bad'."""
        remark = self.query_one(f"#remark-{key}", Static)
        remark.display = bool(text)
        remark.update(text)
        for each in ("good", "warning", "bad"):
            remark.set_class(each == kind, f"-{each}")

    def show_for(self, filled: Filled, kind: str, *, more: bool) -> None:
        """Show the lines that matter for what is chosen, and what a kind of registry calls them."""
        self.query_one("#field-login", ChoiceLine).offer(logins_for(kind, filled.login))
        names = SECRET_LABELS.get(kind, SECRET_LABELS["acr"]) if filled.login == "key" else ("", "")
        for key, name in zip(("username", "password"), names, strict=True):
            label = self.query_one(f"#label-{key}", Static)
            label.update(fit(_(name or LABELS[key]), self._labels))
        self.set_class(filled.login == "key", "-key")
        self.set_class(filled.trust == "ca", "-ca")
        self.set_class(filled.login != "anonymous", "-username")
        self.set_class(filled.login in ("password", "key"), "-password")
        self.set_class(filled.login == "variable", "-variable")
        self.set_class(more, "-more")
        self.set_class(on_disk(filled.address), "-disk")
