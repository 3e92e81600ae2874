"""Image references: registry, repository, tag and digest (the distribution project's reference grammar)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Protocol, Self

from tui.oci.place import EXAMPLE, InvalidPlace, is_place, name_of, split_place
from tui.oci.saying import N_, phrase

DOCKER_HUB = "docker.io"
_HUB_ALIASES = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})

_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_COMPUTED = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
_MAX_NAME = 255
_MAX_PORT = 65535


class InvalidReference(ValueError):
    """The text is not an image reference; the message says where it departs from the grammar."""


def is_tag(text: str) -> bool:
    """Return whether `text` is a tag by the grammar of the distribution specification."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Return whether `text` is a digest of an algorithm we can compute (sha256, sha512)."""
    return _COMPUTED.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Return whether `text` is a repository path (without registry)."""
    return len(text) <= _MAX_NAME and _PATH.fullmatch(text) is not None


def contradicts(said: str, digest: str) -> bool:
    """Return whether `said` is a digest of the same algorithm as `digest`, but of other content."""
    return said != digest and is_digest(said) and said.partition(":")[0] == digest.partition(":")[0]


class Hash(Protocol):
    """A hash under way, of `hashlib`."""

    def update(self, data: bytes, /) -> None:
        """Take in more."""

    def copy(self) -> Self:
        """Return another that goes on from here."""

    def hexdigest(self) -> str:
        """Return the hash of all that was taken in."""


def new_hash(digest: str) -> Hash:
    """Return an empty hash of the digest's algorithm. Raises ValueError when we cannot compute it."""
    return hashlib.new(digest.partition(":")[0], usedforsecurity=True)


def digest_of(body: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of `body` as `algorithm:hex`."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def split_registry(name: str) -> tuple[str, str]:
    """Split `[registry/]path` into registry and path; Docker Hub when there is no registry.

    The first component is a registry when it has a dot or a colon, is `localhost`, or has an upper-case letter. A
    place on a disk (`tui.oci.place`) is a registry as well. Raises InvalidReference for a place that cannot be one.
    """
    try:
        placed = split_place(name)
    except InvalidPlace as error:
        raise InvalidReference(str(error)) from None
    if placed is not None:
        return placed
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        return (DOCKER_HUB if first in _HUB_ALIASES else first), rest
    return DOCKER_HUB, name


def _has_possible_port(registry: str) -> bool:
    _, colon, port = registry.rpartition(":")
    if not colon or registry.endswith("]"):
        return True
    return len(port) <= len(str(_MAX_PORT)) and 0 < int(port) <= _MAX_PORT


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A repository at a registry: `harbor.example.com` and `library/nginx`."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Parse `[registry/]path`. Raises InvalidReference when a tag or digest follows or the grammar is broken."""
        reference = Reference.parse(text)
        if reference.tag or reference.digest:
            raise InvalidReference(phrase("{text!r}: a repository was expected, without tag or digest", text=text))
        return reference.repository


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A repository with a tag, a digest, both, or neither."""

    repository: Repository
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse `[registry/]path[:tag][@digest]` with Docker's normalisation (`nginx` is `docker.io/library/nginx`).

        The registry may be a place on a disk: `oci:/media/usb/export//library/nginx:1.27`. Raises InvalidReference
        that says what was found and what was expected.
        """
        registry, inside = split_registry(text)
        if is_place(registry):
            if not inside:
                raise InvalidReference(
                    phrase(
                        "{name_of!r}: a repository inside is expected, as in {example}",
                        name_of=name_of(registry),
                        example=EXAMPLE,
                    )
                )
            return cls._in(registry, text, inside)
        return cls._in("", text, text)

    @classmethod
    def _in(cls, place: str, text: str, named: str) -> Reference:
        """Parse what is `named` in `place`, or with its registry when that is ''; `text` is all of it, for messages."""
        rest, at, digest = named.partition("@")
        if at and not is_digest(digest):
            known = _DIGEST.fullmatch(digest) is not None
            wrong = N_("an unsupported digest algorithm") if known else N_("no digest like sha256:<64 hex digits>")
            raise InvalidReference(phrase("{text!r}: {wrong} after '@'", text=text, wrong=wrong))
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        if colon and not is_tag(tag):
            raise InvalidReference(
                phrase(
                    "{text!r}: {tag!r} is not a tag (letters, digits, '_', '.', '-', at most 128)", text=text, tag=tag
                )
            )
        name = f"{head}{slash}{last}"
        registry, path = (place, name) if place else split_registry(name)
        if _IDENTIFIER.fullmatch(text):
            raise InvalidReference(phrase("{text!r}: 64 hex digits are an image id, not a repository", text=text))
        if not place and text.startswith(("./", "../", "/", "~/")):
            raise InvalidReference(
                phrase(
                    "{text!r}: {registry!r} is not a registry host; images in a folder are named oci:{text}",
                    text=text,
                    registry=registry,
                )
            )
        if not place and (_DOMAIN.fullmatch(registry) is None or not _has_possible_port(registry)):
            raise InvalidReference(
                phrase(
                    "{text!r}: {registry!r} is not a registry host with an optional port", text=text, registry=registry
                )
            )
        if registry == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        if _PATH.fullmatch(path) is None:
            why = (
                N_("upper case is not allowed")
                if path != path.lower()
                else N_("expected lower-case letters, digits, separators")
            )
            raise InvalidReference(
                phrase("{text!r}: {path!r} is not a repository path; {why}", text=text, path=path, why=why)
            )
        if len(path) > _MAX_NAME:
            raise InvalidReference(
                phrase(
                    "{text!r}: the repository path is longer than {max_name} characters", text=text, max_name=_MAX_NAME
                )
            )
        return cls(Repository(registry, path), tag, digest if at else "")

    @property
    def registry(self) -> str:
        """The registry's host and port."""
        return self.repository.registry

    @property
    def target(self) -> str:
        """What to ask the registry for: the digest when there is one, else the tag, else ''."""
        return self.digest or self.tag

    def with_target(self, target: str) -> Reference:
        """Return this repository at another tag or digest."""
        if is_digest(target):
            return Reference(self.repository, digest=target)
        return Reference(self.repository, tag=target)

    def pinned(self, digest: str) -> Reference:
        """Return this reference with `digest`, its tag kept for display."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"
