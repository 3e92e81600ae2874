"""The classes of failures in two words each; the journal has them as `tui.oci.errors` calls them."""

from __future__ import annotations

from tui.app.i18n import N_, _

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
    "TRUST": N_("not trusted"),
    "UNSUPPORTED": N_("cannot be copied"),
    "LOCAL": N_("this machine"),
}

HINTS = (
    N_("check that the host is reachable from here: name, port, firewall, proxy"),
    N_("the registry limits requests; lower the concurrency or try again later"),
    N_("the registry failed; look into its log or try again later"),
    N_("check the user name and password for this registry"),
    N_("give the account permission on this repository, or use another account"),
    N_("check the spelling, and that the account may see it"),
    N_("the registry dropped the upload; try again"),
    N_("the content is damaged where it is stored or on the way; push it anew at the source"),
    N_("the target refuses this by a rule of its own; see the message"),
    N_("remove the tag at the target, choose another name, or allow overwriting"),
    N_("give the CA of this registry (--ca-file or certs.d), or check who answers"),
    N_("rebuild or re-push the image in a current format at the source"),
    N_("free space or fix permissions on this machine, then resume the run"),
)
"""What to do, as `tui.oci.errors` has it for each class, so that it is translated."""


def hint_text(hint: str) -> str:
    """Return what to do in the language in use; what an error of its own adds stays as it is."""
    return _(hint)


def reason_word(error_class: str) -> str:
    """Return a class of failures in words, as it is when we do not know it (a newer journal)."""
    return _(REASONS[error_class]) if error_class in REASONS else error_class
