"""What image-syncer understands in another way than it seems: warnings about one side of a rule."""

from __future__ import annotations

from collections.abc import Iterator

from tui.oci.reference import DOCKER_HUB
from tui.plan.image_syncer.sides import Side, is_short
from tui.plan.imported import AuthBook, Hazard


def of_source(text: str, side: Side, book: AuthBook, origin: str, *, old_form: bool) -> Iterator[Hazard]:
    """Yield the warnings about a source; `old_form` says that the file may be one of image-syncer 1.0."""
    if len(set(side.references)) < len(side.references):
        yield Hazard("duplicate-tag", f"{text} names a tag twice; it is copied once", origin)
    if side.regex and not side.regex.startswith(("^", r"\A")) and not side.regex.endswith(("$", r"\z")):
        message = f"the regular expression {side.regex!r} may match anywhere in a tag"
        yield Hazard("regex-unanchored", message, origin, "write ^...$ to match whole tags")
    first, slash, rest = text.partition(":/")[0].partition("/")
    if old_form and slash and "/" not in rest and not is_short(text) and first != DOCKER_HUB:
        message = f"{first} is read as the registry; image-syncer before 1.0.5 takes it for a Docker Hub namespace"
        yield Hazard("two-part-name", message, origin)
    yield from _of_name(text, side, book, origin)


def of_destination(text: str, side: Side, source: Side, book: AuthBook, origin: str) -> Iterator[Hazard]:
    """Yield the warnings about a destination of `source`."""
    if source.lost_tag and not side.references:
        message = f"the tag {source.lost_tag} beside the digest is not copied"
        yield Hazard("tag-lost", message, origin, f"add :{source.lost_tag} to the destination to have it there")
    if side.lost_tag:
        yield Hazard("tag-lost", f"the tag {side.lost_tag} beside the digest is not written", origin)
    if side.references and not source.references:
        many = len(side.references)
        count = "one tag" if many == 1 else f"{many} tags"
        message = f"the destination gives names, which works only while the source has exactly {count} to copy"
        yield Hazard("single-name", message, origin, "name the tags at the source")
    yield from _of_name(text, side, book, origin)


def _of_name(text: str, side: Side, book: AuthBook, origin: str) -> Iterator[Hazard]:
    entry = book.lookup(side.repository)
    if entry is not None and entry.match.rstrip("/") == str(side.repository):
        message = f"the login for {entry.match} is used for that repository; image-syncer leaves the rule out"
        yield Hazard("auth-repository", message, origin)
    if not is_short(text):
        return
    first, slash, _ = text.partition("/")
    if side.repository.path.count("/") > 1:
        message = (
            f"{side.repository} is on Docker Hub, which has no such names; image-syncer 1.0 takes {first} for a host"
        )
        yield Hazard("host-without-dot", message, origin, f"write {first}:443/... if {first} is a host")
    if entry is not None and slash and not side.references and entry.match.startswith(DOCKER_HUB):
        message = f"the login for {entry.match} is used for {side.repository}; image-syncer does not find it there"
        yield Hazard("hub-short-name", message, origin)
