"""Options that choose tags, repositories and kinds of artifact, in the words of a plan file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import Command

if TYPE_CHECKING:
    from tui.plan.model import ArtifactSelection, RepositorySelection, TagSelection

_PREFIX = "choose_"


def selection_options(command: Command) -> Command:
    """Add the options; their values reach the command together, under names `tags_of` and the others take out."""
    for flag, help_, more in reversed(
        (
            ("--include", "Tags that match this glob; may be repeated.", {"multiple": True}),
            ("--exclude", "No tags that match this glob; may be repeated.", {"multiple": True}),
            ("--regex", "Tags in which this expression (RE2) is found.", {}),
            ("--exclude-regex", "No tags in which this expression is found.", {}),
            ("--semver", "Tags that are a version in this range, such as '>=1.20 <2'.", {}),
            ("--label", "Tags with this label of Harbor; may be repeated.", {"multiple": True}),
            ("--exclude-label", "No tags with this label; may be repeated.", {"multiple": True}),
            ("--newer-than", "Tags newer than an age or a date: 90d, 2026-01-31.", {"metavar": "AGE"}),
            ("--newest", "So many of what is left.", {"type": click.IntRange(1)}),
            ("--newest-by", "Which are the newest.", {"type": click.Choice(["version", "time"])}),
            ("--repository", "Of a project: repositories that match this glob; may be repeated.", {"multiple": True}),
            ("--exclude-repository", "No repositories that match it; may be repeated.", {"multiple": True}),
            ("--artifact", "Kinds of artifact: image, chart... or a type; may be repeated.", {"multiple": True}),
            ("--exclude-artifact", "Not these kinds; may be repeated.", {"multiple": True}),
        )
    ):
        options: dict[str, Any] = dict(more)
        name = _PREFIX + flag.strip("-").replace("-", "_")
        command = click.option(flag, name, help=help_, **options)(command)
    return command


def tags_of(options: Mapping[str, Any]) -> TagSelection:
    """Return which tags the options choose."""
    from tui.plan.model import TagSelection

    return TagSelection(
        include=options["choose_include"],
        exclude=options["choose_exclude"],
        regex=options["choose_regex"] or "",
        semver=options["choose_semver"] or "",
        newest=options["choose_newest"],
        exclude_regex=options["choose_exclude_regex"] or "",
        labels=options["choose_label"],
        exclude_labels=options["choose_exclude_label"],
        newer_than=options["choose_newer_than"] or "",
        newest_by=options["choose_newest_by"] or "version",
    )


def repositories_of(options: Mapping[str, Any]) -> RepositorySelection:
    """Return which repositories the options choose."""
    from tui.plan.model import RepositorySelection

    return RepositorySelection(options["choose_repository"], options["choose_exclude_repository"])


def artifacts_of(options: Mapping[str, Any]) -> ArtifactSelection:
    """Return which kinds of artifact the options choose."""
    from tui.plan.model import ArtifactSelection

    return ArtifactSelection(options["choose_artifact"], options["choose_exclude_artifact"])
