"""The classes of failures in two words each; the journal has them as `tui.oci.errors` calls them."""

from __future__ import annotations

from tui.app.i18n import N_, _, said

REASONS = {
    "NET": N_("network"),
    "THROTTLE": N_("too many requests"),
    "SRV": N_("registry error"),
    "AUTH": N_("login refused"),
    "DENIED": N_("not allowed"),
    "GONE": N_("not found"),
    "SESSION": N_("upload lost"),
    "INTEGRITY": N_("damaged content"),
    "POLICY": N_("refused by a rule"),
    "CONFLICT": N_("tag exists"),
    "DRIFT": N_("tag moved"),
    "IMMUTABLE": N_("tag is immutable"),
    "QUOTA": N_("quota exceeded"),
    "TRUST": N_("not trusted"),
    "UNSUPPORTED": N_("cannot be copied"),
    "LOCAL": N_("this machine"),
}


def hint_text(hint: str) -> str:
    """Return what to do in the language in use."""
    return said(hint)


def reason_word(error_class: str) -> str:
    """Return a class of failures in words, as it is when we do not know it (a newer journal)."""
    return _(REASONS[error_class]) if error_class in REASONS else error_class
