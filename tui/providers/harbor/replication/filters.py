"""The tags and labels a rule takes, as filters of a Harbor policy, or why there is no such filter."""

from __future__ import annotations

from collections.abc import Sequence

from tui.oci.reference import is_digest
from tui.oci.saying import N_
from tui.plan.model import Rule, TagSelection
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.documents import DECORATIONS
from tui.providers.harbor.replication.model import Direction, Filter

_ANY_TAG = Filter("tag", ("?*",))
"""Every tag, and no manifest without one, which a rule of ours does not take either."""
_NOT_IN_GLOBS = set("{},\\/")


def tag_filters(
    rule: Rule, template_tag: str, version: Version
) -> tuple[tuple[Filter, ...], list[tuple[str, dict[str, str]]]]:
    """Return the filters for the tags a rule takes, or why Harbor has none: sentences with their values."""
    against: list[tuple[str, dict[str, str]]] = []
    chosen: TagSelection = rule.tags
    named = rule.target_references or ((template_tag,) if template_tag not in ("", "{tag}") else ())
    if named and named != rule.references:
        against.append((N_("Harbor keeps the names of tags"), {}))
    if any(is_digest(reference) for reference in rule.references):
        against.append((N_("Harbor chooses images by tag, not by digest"), {}))
    for said, sentence in (
        (chosen.regex or chosen.exclude_regex, N_("Harbor chooses tags by globs, not by a regular expression")),
        (chosen.newer_than, N_("Harbor cannot choose tags by their age")),
        (chosen.semver, N_("Harbor does not know ranges of versions")),
        (chosen.newest, N_("Harbor cannot choose the newest tags")),
    ):
        if said:
            against.append((sentence, {}))
    unclear = [glob for glob in chosen.include + chosen.exclude if _NOT_IN_GLOBS & set(glob)]
    several = len(chosen.include) > 1 or len(chosen.exclude) > 1
    unclear += [glob for glob in chosen.include + chosen.exclude if several and "[" in glob]
    if unclear:
        against.append((N_("Harbor would read the glob {glob} in another way"), {"glob": unclear[0]}))
    if chosen.exclude and version < DECORATIONS:
        against.append((N_("Harbor leaves out tags by a filter from {since} on"), {"since": str(DECORATIONS)}))
    if against:
        return (), against
    wanted = rule.references or chosen.include
    filters = [Filter("tag", (_either(wanted),))] if wanted else [_ANY_TAG]
    if chosen.exclude:
        filters.append(Filter("tag", (_either(chosen.exclude),), excludes=True))
    return tuple(filters), []


def label_filters(
    chosen: TagSelection, direction: Direction, version: Version
) -> tuple[tuple[Filter, ...], list[tuple[str, dict[str, str]]]]:
    """Return the filters by label. Several of one filter have to be there together, also those that leave out."""
    if not chosen.needs_labels:
        return (), []
    if direction == "pull":
        return (), [(N_("Harbor knows the labels of its own images only"), {})]
    if len(chosen.exclude_labels) > 1:
        return (), [(N_("Harbor leaves out what has all of the labels, not what has one of them"), {})]
    if chosen.exclude_labels and version < DECORATIONS:
        return (), [(N_("Harbor leaves out labels by a filter from {since} on"), {"since": str(DECORATIONS)})]
    found = [(chosen.labels, False), (chosen.exclude_labels, True)]
    return tuple(Filter("label", labels, excludes=excludes) for labels, excludes in found if labels), []


def _either(globs: Sequence[str]) -> str:
    return globs[0] if len(globs) == 1 else "{" + ",".join(globs) + "}"
