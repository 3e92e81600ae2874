"""What a broken connection means: aiohttp's and OpenSSL's exceptions turned into an error of ours."""

from __future__ import annotations

import os
import ssl
from typing import TypedDict

import httpx

from tui.oci.errors import LocalError, NetworkError, RegistryError, Unauthenticated, UntrustedAnswer
from tui.oci.http_library import aiohttp
from tui.oci.saying import N_, phrase

_TOO_MANY_FILES = 24
# The other side left, or met bytes that were damaged on the way (RFC 8446, 6.2): another connection may do better.
_ALERTS_OF_A_BROKEN_LINK = ("CLOSE_NOTIFY", "BAD_RECORD_MAC")


class UnknownHost(NetworkError):
    """The name has no address; waiting a moment will hardly give it one."""

    retryable = False


class _Where(TypedDict):
    endpoint: str
    reference: str


def network_error(
    error: httpx.TransportError, *, endpoint: str, reference: str, action: str, known: bool = False
) -> RegistryError:
    """Return the error a failed exchange stands for; `action` completes the sentence "cannot ...".

    `known` says that the registry answered before: then it is the resolver that failed, and not the name.
    """
    cause = error.__cause__
    where = _Where(endpoint=endpoint, reference=reference)
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return UntrustedAnswer(
            phrase(
                "cannot {action}: TLS certificate not accepted: {certificate_error}",
                action=N_(action),
                certificate_error=cause.certificate_error,
            ),
            **where,
        )
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        if known:
            hint = N_("it was known before: check the resolver of this machine")
            words = phrase(
                "cannot {action}: the host name {host!r} is not known now", action=N_(action), host=cause.host
            )
            return NetworkError(words, hint=hint, **where)
        hint = N_("check the spelling of the registry's name, and the resolver of this machine")
        return UnknownHost(
            phrase("cannot {action}: the host name {host!r} is not known", action=N_(action), host=cause.host),
            hint=hint,
            **where,
        )
    if isinstance(cause, aiohttp.ClientHttpProxyError) and cause.status == 407:
        return proxy_login(**where)
    if isinstance(cause, OSError) and cause.errno == _TOO_MANY_FILES:
        return LocalError(
            phrase("cannot {action}: too many open files", action=N_(action)), hint=N_("raise ulimit -n"), **where
        )
    words = _tls_words(cause)
    if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words:
        hint = N_("set the scheme of this endpoint to http, or use the port that speaks https")
        return UntrustedAnswer(
            phrase("cannot {action}: nothing speaks TLS there", action=N_(action)), hint=hint, **where
        )
    if "ALERT" in words and not any(harmless in words for harmless in _ALERTS_OF_A_BROKEN_LINK):
        hint = N_("see the message: a client certificate may be missing or refused, or the TLS versions do not meet")
        return UntrustedAnswer(
            phrase("cannot {action}: the registry refused TLS: {words}", action=N_(action), words=words),
            hint=hint,
            **where,
        )
    return NetworkError(phrase("cannot {action}: {error}", action=N_(action), error=_reason(error)), **where)


def proxy_login(endpoint: str, reference: str = "") -> Unauthenticated:
    """Return the error for a 407: the proxy on the way wants a login."""
    return Unauthenticated(
        N_("the proxy wants a login"),
        endpoint=endpoint,
        reference=reference,
        status=407,
        hint=N_("give the proxy as http://user:password@host:port"),
    )


def speaks_no_tls(error: RegistryError) -> bool:
    """Return whether an attempt with https ended in a way that plain http might not."""
    transport_error = error.__cause__
    cause = transport_error.__cause__ if transport_error is not None else None
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorDNSError):
        return False
    return isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)


def _tls_words(cause: BaseException | None) -> str:
    """Return what OpenSSL said, '' when this was not about TLS."""
    if isinstance(cause, aiohttp.ClientConnectorSSLError):
        return str(cause.os_error)
    if isinstance(cause, aiohttp.ClientOSError) and isinstance(cause.__cause__, ssl.SSLError):
        return str(cause.__cause__)
    return str(cause) if isinstance(cause, ssl.SSLError) else ""


def _reason(error: httpx.TransportError) -> str:
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectorError):
        why = os.strerror(cause.errno) if cause.errno else str(cause.os_error) or N_("it was closed at once")
        return phrase("no connection to {host}:{port}: {why}", host=cause.host, port=cause.port, why=why)
    return str(error) or type(error).__name__
