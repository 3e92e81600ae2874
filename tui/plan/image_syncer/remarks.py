"""What image-syncer understands in another way than it seems: warnings about one side of a rule."""

from __future__ import annotations

from collections.abc import Iterator

from tui.oci.reference import DOCKER_HUB
from tui.oci.saying import N_, phrase
from tui.plan.image_syncer.sides import Side, is_short
from tui.plan.imported import AuthBook, Hazard


def of_source(text: str, side: Side, book: AuthBook, origin: str, *, old_form: bool) -> Iterator[Hazard]:
    """Yield the warnings about a source; `old_form` says that the file may be one of image-syncer 1.0."""
    if len(set(side.references)) < len(side.references):
        yield Hazard("duplicate-tag", phrase("{text} names a tag twice; it is copied once", text=text), origin)
    if side.regex and not side.regex.startswith(("^", r"\A")) and not side.regex.endswith(("$", r"\z")):
        message = phrase("the regular expression {regex!r} may match anywhere in a tag", regex=side.regex)
        yield Hazard("regex-unanchored", message, origin, N_("write ^...$ to match whole tags"))
    first, slash, rest = text.partition(":/")[0].partition("/")
    if old_form and slash and "/" not in rest and not is_short(text) and first != DOCKER_HUB:
        message = phrase(
            "{first} is read as the registry; image-syncer before 1.0.5 takes it for a Docker Hub namespace",
            first=first,
        )
        yield Hazard("two-part-name", message, origin)
    yield from _of_name(text, side, book, origin)


def of_destination(text: str, side: Side, source: Side, book: AuthBook, origin: str) -> Iterator[Hazard]:
    """Yield the warnings about a destination of `source`."""
    if source.lost_tag and not side.references:
        message = phrase("the tag {lost_tag} beside the digest is not copied", lost_tag=source.lost_tag)
        yield Hazard(
            "tag-lost",
            message,
            origin,
            phrase("add :{lost_tag} to the destination to have it there", lost_tag=source.lost_tag),
        )
    if side.lost_tag:
        yield Hazard(
            "tag-lost", phrase("the tag {lost_tag} beside the digest is not written", lost_tag=side.lost_tag), origin
        )
    if side.references and not source.references:
        many = len(side.references)
        count = N_("one tag") if many == 1 else phrase("{many} tags", many=many)
        message = phrase(
            "the destination gives names, which works only while the source has exactly {count} to copy", count=count
        )
        yield Hazard("single-name", message, origin, N_("name the tags at the source"))
    yield from _of_name(text, side, book, origin)


def _of_name(text: str, side: Side, book: AuthBook, origin: str) -> Iterator[Hazard]:
    entry = book.lookup(side.repository)
    if entry is not None and entry.match.rstrip("/") == str(side.repository):
        message = phrase(
            "the login for {match} is used for that repository; image-syncer leaves the rule out", match=entry.match
        )
        yield Hazard("auth-repository", message, origin)
    if not is_short(text):
        return
    first, slash, _ = text.partition("/")
    if side.repository.path.count("/") > 1:
        message = phrase(
            "{repository} is on Docker Hub, which has no such names; image-syncer 1.0 takes {first} for a host",
            repository=side.repository,
            first=first,
        )
        yield Hazard(
            "host-without-dot", message, origin, phrase("write {first}:443/... if {first} is a host", first=first)
        )
    if entry is not None and slash and not side.references and entry.match.startswith(DOCKER_HUB):
        message = phrase(
            "the login for {match} is used for {repository}; image-syncer does not find it there",
            match=entry.match,
            repository=side.repository,
        )
        yield Hazard("hub-short-name", message, origin)
