"""One side of an image-syncer rule: a repository with tags, a digest, a list of both, or a regular expression.

The grammar is that of image-syncer 1.5 (README, "Configure image sync"; `pkg/utils/url.go`), tried in its order: an
ordinary reference, `repository:/expression/`, then `repository:tag,tag,sha256:...`. image-syncer 1.0 has no
expressions and no digests; what it has reads the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.reference import InvalidReference, Reference, Repository, is_digest, is_tag, split_registry
from tui.oci.saying import N_, phrase
from tui.plan.errors import RuleError


@dataclass(frozen=True, slots=True)
class Side:
    """What one side names. Without `references` it is all tags, or those `regex` finds (None for no expression).

    `lost_tag` is a tag written beside a digest: only the digest counts.
    """

    repository: Repository
    references: tuple[str, ...] = ()
    regex: str | None = None
    lost_tag: str = ""


def parse_side(text: str) -> Side:
    """Return what the text names. Raises RuleError with a hint, without a place."""
    try:
        reference = Reference.parse(text)
    except InvalidReference as error:
        not_a_reference = error
    else:
        lost = reference.tag if reference.digest else ""
        return Side(reference.repository, (reference.target,) if reference.target else (), lost_tag=lost)
    if ":/" in text:
        return _expression(text)
    if "," in text:
        return _list(text)
    raise RuleError(str(not_a_reference), hint=_hint(text))


def is_short(text: str) -> bool:
    """Return whether the text names no registry, which means Docker Hub."""
    name = text.partition(":/")[0]
    return split_registry(name)[1] == name


def _expression(text: str) -> Side:
    name, _, rest = text.partition(":/")
    if name in ("http", "https"):
        raise RuleError(
            phrase("{text!r} is an address, not a repository", text=text),
            hint=phrase("leave out '{name}://'", name=name),
        )
    if not rest.endswith("/"):
        raise RuleError(
            phrase("{text!r}: the regular expression has no '/' at its end", text=text),
            hint=N_("write repository:/expression/; an expression and a list of tags cannot be mixed"),
        )
    return Side(_repository(name), regex=rest[:-1])


def _list(text: str) -> Side:
    first, *others = text.split(",")
    try:
        reference = Reference.parse(first)
    except InvalidReference as error:
        raise RuleError(str(error), hint=_hint(first)) from None
    if not reference.target:
        raise RuleError(
            phrase("{text!r}: the first item of the list has no tag", text=text), hint=N_("write repository:tag1,tag2")
        )
    for item in others:
        if item != item.strip():
            raise RuleError(
                phrase("{text!r}: there is a space in the list of tags", text=text),
                hint=N_("remove the spaces at the commas"),
            )
        if not is_tag(item) and not is_digest(item):
            hint = N_("after the first comma only tags and digests follow, without the repository")
            raise RuleError(phrase("{text!r}: {item!r} is neither a tag nor a digest", text=text, item=item), hint=hint)
    lost = reference.tag if reference.digest else ""
    return Side(reference.repository, (reference.target, *others), lost_tag=lost)


def _repository(name: str) -> Repository:
    try:
        return Repository.parse(name)
    except InvalidReference as error:
        raise RuleError(str(error), hint=_hint(name)) from None


def _hint(text: str) -> str:
    if text != text.strip() or " " in text:
        return N_("remove the space")
    if "*" in text:
        return N_('image-syncer has no wildcards; a plan file has: source = "registry.example.com/project/*"')
    if text.endswith(":"):
        return N_("write a tag after ':' or leave out the ':'")
    return N_("write registry/repository, registry/repository:tag, ...:tag1,tag2, ...:/expression/ or ...@sha256:...")
