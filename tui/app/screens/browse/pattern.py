"""Selecting by pattern: the form for the tags, and of several repositories also for these, and what it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from tui.app.i18n import _, ngettext, said
from tui.app.screens.browse.tables import TagCell
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict, number
from tui.app.screens.funnel_words import funnel_text
from tui.plan.funnels import summed
from tui.plan.model import NewestBy, RepositorySelection, TagSelection
from tui.plan.selection import (
    Funnel,
    SelectionError,
    TagFacts,
    check_repositories,
    check_selection,
    matching_paths,
    narrow,
)

if TYPE_CHECKING:
    from tui.providers.content import TagInfo

Infos = Mapping[tuple[str, str], "TagInfo"]
_SHOWN = 6
_MOST_ORDERED = 500
"""Up to so many tags the newest are shown: reading versions takes its time, and this happens at every key."""


def selection_of(values: Values) -> TagSelection:
    """Return the selection that was typed. Raises ValueError in words for the user."""
    newest = values["newest"]
    selection = TagSelection(
        include=_words(values["include"]),
        exclude=_words(values["exclude"]),
        regex=values["regex"],
        semver=values["semver"],
        newest=number(newest, _("Newest"), 1) if newest else None,
        exclude_regex=values["exclude_regex"],
        labels=_names(values["labels"]),
        exclude_labels=_names(values["exclude_labels"]),
        newer_than=values["newer_than"],
        newest_by=cast(NewestBy, values["newest_by"]) if newest else "version",
    )
    check_selection(selection)
    return selection


def chosen_of(values: Values, paths: Sequence[str]) -> list[str]:
    """Return those of `paths` whose repositories were typed. Raises SelectionError in words for the user."""
    selection = RepositorySelection(
        include=_words(values.get("repositories", "")),
        exclude=_words(values.get("not_repositories", "")),
        regex=values.get("repositories_regex", ""),
        exclude_regex=values.get("not_repositories_regex", ""),
    )
    check_repositories(selection)
    return matching_paths(selection, paths)


def pattern_dialog(
    paths: Sequence[str],
    listed: Callable[[], Mapping[str, tuple[str, ...]]],
    before: TagSelection,
    infos: Callable[[], Infos] = dict,
) -> FormDialog:
    """Return the form for the tags of `paths`.

    `listed` gives the tags known so far, and `infos` what is known of them, for the count as one types.
    """

    def judge(values: Values) -> Verdict:
        try:
            selection = selection_of(values)
            chosen = chosen_of(values, paths)
        except (SelectionError, ValueError) as error:
            return Verdict(error=said(str(error)))
        if not chosen:
            return Verdict(error=_("none of the {count} repositories is taken").format(count=f"{len(paths):,}"))
        known = {path: listed()[path] for path in chosen if path in listed()}
        funnels = [_narrowed(selection, path, tags, infos()) for path, tags in known.items()]
        kept, total = sum(each.kept for each in funnels), sum(each.listed for each in funnels)
        if any(each.open for each in funnels):
            words = _("at most {kept} of {total} tags; the check asks for their labels and ages")
        else:
            words = _("{kept} of {total} tags")
        lines = [words.format(kept=f"{kept:,}", total=f"{total:,}")]
        if len(chosen) < len(paths):
            words = _("{kept} of {total} repositories: {names}")
            names = ", ".join(chosen[:_SHOWN]) + (" …" if len(chosen) > _SHOWN else "")
            lines.insert(0, words.format(kept=f"{len(chosen):,}", total=f"{len(paths):,}", names=names))
        steps = summed(each.steps for each in funnels)
        if len(steps) > 2:
            lines.append(funnel_text(steps))
        if missing := len(chosen) - len(known):
            text = ngettext(
                "{count} repository is not listed yet: its tags come on top",
                "{count} repositories are not listed yet: their tags come on top",
                missing,
            )
            lines.append(text.format(count=f"{missing:,}"))
        tags = [tag for each in funnels for tag in each.tags]
        tags = sorted(tags, key=TagCell().sort_key, reverse=True) if len(tags) <= _MOST_ORDERED else tags
        tags = tags[:_SHOWN]
        if tags:
            lines.append(", ".join(tags) + (" …" if kept > len(tags) else ""))
        return Verdict(lines=tuple(lines))

    what = (
        paths[0]
        if len(paths) == 1
        else ngettext("{count} repository", "{count} repositories", len(paths)).format(count=f"{len(paths):,}")
    )
    title = _("Select tags by pattern: {what}").format(what=what)
    fields = [*_fields(before), *(_repository_fields() if len(paths) > 1 else ())]
    about = _("A tag is taken when it passes every line; empty lines let all pass.")
    return FormDialog(title, fields, judge, about=about)


def _repository_fields() -> list[Field]:
    return [
        Field("repositories", _("Of these"), "", _("repositories: globs such as shop/web* */api")),
        Field("not_repositories", _("But not"), "", _("globs such as */test-* shop/old*")),
        Field("repositories_regex", _("Path regex"), "", _("found anywhere in the path")),
        Field("not_repositories_regex", _("Not in path"), "", _("a regex not found in the path")),
    ]


def _fields(before: TagSelection) -> list[Field]:
    by = (("version", _("highest versions")), ("time", _("latest by time")))
    return [
        Field("include", _("Include"), " ".join(before.include), _("globs such as 1.* 2.*")),
        Field("exclude", _("Exclude"), " ".join(before.exclude), _("globs such as *-rc* *.sig")),
        Field("regex", _("Regex"), before.regex, _("found anywhere in the tag")),
        Field("semver", _("Versions"), before.semver, _("a range such as >=1.20 <2")),
        Field("newest", _("Newest"), str(before.newest or ""), _("how many to keep in the end")),
        Field("newest_by", _("Newest are"), before.newest_by, choices=by),
        Field("newer_than", _("Newer than"), before.newer_than, _("an age or a date: 90d, 2w, 2026-01-31")),
        Field("exclude_regex", _("Not regex"), before.exclude_regex, _("not found in the tag")),
        Field("labels", _("Labels"), ", ".join(before.labels), _("of Harbor, all of them: prod, tested")),
        Field("exclude_labels", _("Not labels"), ", ".join(before.exclude_labels), _("of Harbor, none of them")),
    ]


def _narrowed(selection: TagSelection, path: str, tags: Sequence[str], infos: Infos) -> Funnel:
    """Return the funnel of one repository, with the times where they were read already."""
    funnel = narrow(selection, tags)
    if not funnel.open or selection.needs_labels:
        return funnel
    facts = {
        tag: TagFacts(infos[path, tag].pushed or infos[path, tag].created)
        for tag in funnel.tags
        if (path, tag) in infos
    }
    return narrow(selection, tags, facts) if len(facts) == len(funnel.tags) else funnel


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _names(text: str) -> tuple[str, ...]:
    """Return what stands between commas: a label may have spaces in it."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
