"""Everything that can go wrong between us and a registry, as one small tree.

The `kind` of an error decides who may try again (a request, a blob, a task, nobody); the table is in
`tui.engine.retry`. Every error says which endpoint and reference it is about, what the registry answered,
and what a person can do.
"""

from __future__ import annotations

from typing import ClassVar

from tui.oci.saying import N_, made_printable, phrase
from tui.oci.text import printable


class RegistryError(Exception):
    """Something failed at, or on the way to, a registry.

    `endpoint` is the registry host, `reference` the repository, tag or digest in question, `status` the HTTP
    status (None when there was no answer), `code` the registry's own error code (distribution spec, "Error
    codes"), `hint` the next step for a person, and `retry_after` the seconds the registry asked us to wait.
    `exhausted` says that the request was repeated as often as the policy allows, so that what needed it is not.
    """

    kind: ClassVar[str] = "BUG"
    retryable: ClassVar[bool] = False
    default_hint: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        endpoint: str = "",
        reference: str = "",
        status: int | None = None,
        code: str = "",
        hint: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.message = made_printable(message)
        self.endpoint = printable(endpoint)
        self.reference = printable(reference)
        self.status = status
        self.code = printable(code, 100)
        self.hint = hint or self.default_hint
        self.retry_after = retry_after
        self.exhausted = False
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.sentence())

    def sentence(self) -> str:
        """Return it with what it is about and what the registry answered, still to be said in another language."""
        where = self.reference or self.endpoint
        answered = " ".join(part for part in (str(self.status or ""), self.code) if part)
        words = phrase("{words} ({answered})", words=self.message, answered=answered) if answered else self.message
        return phrase("{where}: {words}", where=where, words=words) if where else words


class NetworkError(RegistryError):
    """The connection could not be made, broke, or carried nothing for too long."""

    kind = "NET"
    retryable = True
    default_hint = N_("check that the host is reachable from here: name, port, firewall, proxy")


class Throttled(RegistryError):
    """429, or 503 with `Retry-After`: the registry asks us to slow down."""

    kind = "THROTTLE"
    retryable = True
    default_hint = N_("the registry limits requests; lower the concurrency or try again later")


class ServerError(RegistryError):
    """The registry answered 5xx, 408 or something no registry says."""

    kind = "SRV"
    retryable = True
    default_hint = N_("the registry failed; look into its log or try again later")


class Unauthenticated(RegistryError):
    """The registry does not accept the credential, or wants one and none is known."""

    kind = "AUTH"
    default_hint = N_("check the user name and password for this registry")


class LoginEnded(Unauthenticated):
    """The registry took this login before and does not any more: it was changed, revoked, or has expired."""

    default_hint = N_("give this endpoint the login that is right now, then resume the run")


class Denied(RegistryError):
    """The credential is known but may not do this."""

    kind = "DENIED"
    default_hint = N_("give the account permission on this repository, or use another account")


class NotFound(RegistryError):
    """The repository, tag, manifest or blob is not there."""

    kind = "GONE"
    default_hint = N_("check the spelling, and that the account may see it")


class UploadSessionLost(RegistryError):
    """The registry no longer knows the upload; only a new session can go on."""

    kind = "SESSION"
    retryable = True
    default_hint = N_("the registry dropped the upload; try again")


class RangeNotAccepted(UploadSessionLost):
    """416: the chunk does not start where the registry stands; ask for the status of the upload."""


class ChunkNotAppended(UploadSessionLost):
    """The registry took a chunk and says that it holds no more than that one."""


class IntegrityError(RegistryError):
    """Bytes do not have the digest or size that was promised."""

    kind = "INTEGRITY"
    default_hint = N_("the content is damaged where it is stored or on the way; push it anew at the source")


class PolicyRefused(RegistryError):
    """The target refuses by rule: immutable tag, quota, media type, size."""

    kind = "POLICY"
    default_hint = N_("the target refuses this by a rule of its own; see the message")


class Conflict(PolicyRefused):
    """The tag exists at the target with other content and may not be moved."""

    kind = "CONFLICT"
    default_hint = N_("remove the tag at the target, choose another name, or allow overwriting")


class DeletionUnsupported(PolicyRefused):
    """The registry deletes no tags, or nothing at all."""

    default_hint = N_("deletion is switched off at this registry, or possible only in its own console")


class ImmutableTag(Conflict):
    """The tag exists at the target and a rule there forbids to move or overwrite it."""

    kind = "IMMUTABLE"
    default_hint = N_(
        "the target keeps this tag as it is: choose another name, or change its rule about immutable tags"
    )


class QuotaExceeded(PolicyRefused):
    """The project or account at the target may hold no more."""

    kind = "QUOTA"
    default_hint = N_("raise the quota of this project at the target, or remove what is not needed, and retry")


class UntrustedAnswer(RegistryError):
    """TLS could not be verified, or the registry pointed somewhere it must not."""

    kind = "TRUST"
    default_hint = N_("give the CA of this registry (--ca-file or certs.d), or check who answers")


class UnsupportedContent(RegistryError):
    """A manifest we do not copy: schema 1, malformed, too large, too deep."""

    kind = "UNSUPPORTED"
    default_hint = N_("rebuild or re-push the image in a current format at the source")


class LocalError(RegistryError):
    """This machine is the obstacle: disk, permissions, file descriptors."""

    kind = "LOCAL"
    default_hint = N_("free space or fix permissions on this machine, then resume the run")
