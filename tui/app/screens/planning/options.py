"""The options of a plan, in a form."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from tui.app.draft import Draft
from tui.app.i18n import N_, _
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict, number
from tui.plan.model import OnConflict, Platform

_MB = 1_000_000
_POLICIES = {
    "overwrite": N_("a tag that is at the target with other content is overwritten"),
    "skip": N_("a tag that is at the target with other content stays as it is"),
    "fail": N_("a tag that is at the target with other content is reported as a conflict"),
}


def options_dialog(draft: Draft) -> FormDialog:
    """Return the form, filled with the options of the draft."""
    options = draft.options
    yes_no = (("yes", _("yes")), ("no", _("no")))
    fields = [
        Field("concurrency", _("At a time"), str(options.concurrency), _("images copied at once")),
        Field("retries", _("Retries"), str(options.retries), _("rounds over what failed")),
        Field("platforms", _("Platforms"), " ".join(map(str, draft.platforms)), _("all; or linux/amd64 linux/arm64")),
        Field(
            "on_conflict",
            _("Existing tags"),
            options.on_conflict,
            choices=(("overwrite", _("overwrite")), ("skip", _("keep")), ("fail", _("conflict"))),
        ),
        Field("referrers", _("Signatures"), "yes" if options.referrers else "no", choices=yes_no),
        Field("force", _("Copy unchanged"), "yes" if options.force else "no", choices=yes_no),
        Field("throughput", _("Speed, MB/s"), f"{draft.throughput / _MB:g}", _("for the rough time only")),
    ]

    def judge(values: Values) -> Verdict:
        try:
            take_options(replace(draft), values)
        except ValueError as error:
            return Verdict(error=str(error))
        policy = _POLICIES[values["on_conflict"]]
        lines = [_(policy)]
        if values["platforms"]:
            lines.append(_("an image with fewer platforms gets another digest at the target"))
        return Verdict(lines=tuple(lines))

    return FormDialog(_("Options"), fields, judge)


def take_options(draft: Draft, values: Values) -> None:
    """Put what was typed into the draft. Raises ValueError in words for the user."""
    concurrency = number(values["concurrency"], _("At a time"), 1)
    retries = number(values["retries"], _("Retries"))
    throughput = values["throughput"].replace(",", ".")
    try:
        rate = float(throughput)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e6:
        raise ValueError(_("Speed: a number of megabytes per second is needed"))
    platforms = tuple(Platform.parse(each) for each in values["platforms"].replace(",", " ").split())
    draft.options = replace(
        draft.options,
        concurrency=concurrency,
        retries=retries,
        on_conflict=cast(OnConflict, values["on_conflict"]),
        referrers=values["referrers"] == "yes",
        force=values["force"] == "yes",
    )
    draft.platforms = platforms
    draft.throughput = int(rate * _MB)
