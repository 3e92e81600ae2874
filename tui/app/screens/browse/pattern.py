"""Selecting tags by pattern: the form, and the selection it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tui.app.i18n import _, ngettext
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict, number
from tui.plan.model import TagSelection
from tui.plan.selection import SelectionError, check_selection, narrow

_SHOWN = 6


def selection_of(values: Values) -> TagSelection:
    """Return the selection that was typed. Raises ValueError in words for the user."""
    newest = values["newest"]
    selection = TagSelection(
        include=tuple(values["include"].replace(",", " ").split()),
        exclude=tuple(values["exclude"].replace(",", " ").split()),
        regex=values["regex"],
        semver=values["semver"],
        newest=number(newest, _("Newest"), 1) if newest else None,
    )
    check_selection(selection)
    return selection


def pattern_dialog(
    paths: Sequence[str], listed: Callable[[], Mapping[str, tuple[str, ...]]], before: TagSelection
) -> FormDialog:
    """Return the form for the tags of `paths`; `listed` gives the tags known so far, for the count as one types."""

    def judge(values: Values) -> Verdict:
        try:
            selection = selection_of(values)
        except (SelectionError, ValueError) as error:
            return Verdict(error=str(error))
        known = [listed()[path] for path in paths if path in listed()]
        funnels = [narrow(selection, tags) for tags in known]
        kept, total = sum(each.kept for each in funnels), sum(each.listed for each in funnels)
        lines = [_("{kept} of {total} tags").format(kept=f"{kept:,}", total=f"{total:,}")]
        if missing := len(paths) - len(known):
            text = ngettext(
                "{count} repository is not listed yet: its tags come on top",
                "{count} repositories are not listed yet: their tags come on top",
                missing,
            )
            lines.append(text.format(count=f"{missing:,}"))
        tags = [tag for each in funnels for tag in each.tags[-_SHOWN:]][:_SHOWN]
        if tags:
            lines.append(", ".join(tags) + (" …" if kept > len(tags) else ""))
        return Verdict(lines=tuple(lines))

    what = (
        paths[0]
        if len(paths) == 1
        else ngettext("{count} repository", "{count} repositories", len(paths)).format(count=f"{len(paths):,}")
    )
    fields = [
        Field("include", _("Include"), " ".join(before.include), _("globs such as 1.* 2.*")),
        Field("exclude", _("Exclude"), " ".join(before.exclude), _("globs such as *-rc* *.sig")),
        Field("regex", _("Regex"), before.regex, _("found anywhere in the tag")),
        Field("semver", _("Versions"), before.semver, _("a range such as >=1.20 <2")),
        Field("newest", _("Newest"), str(before.newest or ""), _("how many of the highest versions")),
    ]
    title = _("Select tags by pattern: {what}").format(what=what)
    return FormDialog(
        title, fields, judge, about=_("A tag is taken when it passes every line; empty lines let all pass.")
    )
