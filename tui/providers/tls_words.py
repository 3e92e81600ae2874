"""Why a certificate is not trusted, in words a person can act on (OpenSSL's verification codes)."""

from __future__ import annotations

import ssl

from tui.oci.errors import RegistryError
from tui.oci.saying import N_, phrase

_UNKNOWN_CA = (
    N_("the certificate is from a CA this machine does not know"),
    N_("ask for the registry's CA certificate and give it as the CA file of this endpoint"),
)
_WORDS: dict[int, tuple[str, str]] = {
    9: (N_("the certificate is not valid yet"), N_("check the clock of this machine")),
    10: (N_("the certificate has expired"), N_("have it renewed at the registry, or check the clock of this machine")),
    18: (N_("the certificate is signed by itself"), N_("give that certificate as the CA file of this endpoint")),
    19: _UNKNOWN_CA,
    20: _UNKNOWN_CA,
    21: _UNKNOWN_CA,
    62: (
        N_("the certificate is for another name than this address"),
        N_("use the name the certificate is for, or have the registry's certificate made for this one"),
    ),
    64: (
        N_("the certificate is not for this IP address"),
        N_("use the name the certificate is for, or have the registry's certificate made for this address"),
    ),
}


def certificate_words(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """Return what is wrong with the certificate and what to do."""
    known = _WORDS.get(error.verify_code)
    if known is not None:
        return known
    return phrase(
        "the certificate is not accepted: {verify_message}", verify_message=error.verify_message
    ), _UNKNOWN_CA[1]


def certificate_problem(error: RegistryError) -> tuple[str, str]:
    """Return the words for the certificate that `error` is about; two empty texts when it is about none."""
    cause: BaseException | None = error
    while cause is not None:
        refused = getattr(cause, "certificate_error", cause)
        if isinstance(refused, ssl.SSLCertVerificationError):
            return certificate_words(refused)
        cause = cause.__cause__
    return "", ""
