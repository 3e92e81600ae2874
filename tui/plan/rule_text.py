"""A rule's source as people write it: a repository, `project/*`, `registry/*`, or a reference with tag or digest."""

from __future__ import annotations

from collections.abc import Sequence

from tui.oci.place import is_place
from tui.oci.reference import InvalidReference, Reference, Repository, is_digest, split_registry
from tui.oci.saying import N_
from tui.plan.model import ArtifactSelection, Platform, RepositorySelection, Rule, TagSelection
from tui.plan.naming import registry_of, split_template


def make_rule(
    source: str,
    target: str,
    *,
    references: Sequence[str] = (),
    target_references: Sequence[str] = (),
    tags: TagSelection = TagSelection(),  # noqa: B008 - frozen
    platforms: Sequence[Platform] = (),
    repositories: RepositorySelection = RepositorySelection(),  # noqa: B008 - frozen
    artifacts: ArtifactSelection = ArtifactSelection(),  # noqa: B008 - frozen
    origin: str = "",
) -> Rule:
    """Return the rule that copies `source` to the template `target`.

    A source with tag and digest takes the digest and calls it by the tag, unless the target names its own.
    A place on a disk (`oci:/media/usb/export`) is all that is in it; its path is made absolute. Raises
    tui.oci.reference.InvalidReference; `tui.plan.expand.check` finds what else can be wrong.
    """
    target = _absolute(target)
    names = tuple(target_references)
    own: tuple[str, ...] = ()
    place, inside = split_registry(source)
    if is_place(place) and not inside:
        registry, path = place, "*"
    elif source.endswith("*"):
        registry, path = parse_pattern(source)
    else:
        reference = Reference.parse(source)
        registry, path = reference.registry, reference.repository.path
        own = (reference.target,) if reference.target else ()
        if reference.tag and reference.digest and not names and not split_template(target)[1]:
            names = (reference.tag,)
    return Rule(
        registry,
        path,
        target,
        own + tuple(references),
        names,
        tags=tags,
        platforms=tuple(platforms),
        repositories=repositories,
        artifacts=artifacts,
        origin=origin,
    )


def _absolute(target: str) -> str:
    """Return a target that means the same from every folder: a run may be resumed from another one."""
    place, inside = split_registry(target)
    return f"{place}/{inside or '{path}'}" if is_place(place) else target


def is_on_disk(rule: Rule) -> bool:
    """Return whether a rule reads from or writes to a folder or tar, of which other tools' files know nothing."""
    return is_place(rule.source_registry) or is_place(registry_of(rule.target))


def parse_pattern(text: str) -> tuple[str, str]:
    """Return registry and path of `[registry/]project/*` or `registry/*`. Raises InvalidReference."""
    registry, path = split_registry(text)
    if text == "*":
        raise InvalidReference(N_("'*': name the registry: 'registry.example.com/*'"))
    Repository.parse(f"{registry}/{path.removesuffix('*')}name")
    return registry, path


def source_text(rule: Rule) -> tuple[str, tuple[str, ...]]:
    """Return the source as `make_rule` reads it, and the references that do not fit into it."""
    text = f"{rule.source_registry}/{rule.source_path}"
    if len(rule.references) != 1:
        return text, rule.references
    (reference,) = rule.references
    return f"{text}{'@' if is_digest(reference) else ':'}{reference}", ()
