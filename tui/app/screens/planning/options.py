"""The options of a plan, in a form."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from tui.app.draft import Draft
from tui.app.i18n import N_, _, said
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict, number
from tui.oci.place import absolute_path
from tui.plan.artifacts import check_artifacts
from tui.plan.backups import backup_tag, check_backup
from tui.plan.model import SMALLEST_PART, ArtifactSelection, OnConflict, OnDrift, Order, Platform
from tui.plan.sizes import parse_size, size_text

_MB = 1_000_000
_POLICIES = {
    "overwrite": N_("a tag that is at the target with other content is overwritten"),
    "skip": N_("a tag that is at the target with other content stays as it is"),
    "fail": N_("a tag that is at the target with other content is reported as a conflict"),
    "backup": N_("a tag that is at the target with other content gets another name, then it is overwritten"),
}
_DRIFTS = {
    "keep": "",
    "latest": N_("a tag that moves at the source before its turn is planned anew"),
    "fail": N_("a tag that moves at the source before its turn fails its task"),
}
_ORDERS = {
    "any": "",
    "oldest-first": N_("each repository gets its oldest tags first; their ages cost about two requests each"),
    "version": N_("each repository gets its lowest versions first"),
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
            choices=(
                ("overwrite", _("overwrite")),
                ("skip", _("keep")),
                ("fail", _("conflict")),
                ("backup", _("back up")),
            ),
        ),
        Field(
            "on_drift",
            _("Moved tags"),
            options.on_drift,
            choices=(("keep", _("as planned")), ("latest", _("as they are")), ("fail", _("fail"))),
        ),
        Field(
            "referrers",
            _("Signatures"),
            ("check" if options.check_referrers else "yes") if options.referrers else "no",
            choices=(*yes_no[:1], ("check", _("also later ones")), *yes_no[1:]),
        ),
        Field("backup", _("Backup name"), options.backup, _("{tag} {date} {time} {digest}")),
        Field(
            "order",
            _("Order"),
            options.order,
            choices=(("any", _("any")), ("oldest-first", _("oldest first")), ("version", _("by version"))),
        ),
        Field("kinds", _("Kinds"), " ".join(draft.artifacts.include), _("all; or image signature chart")),
        Field("not_kinds", _("Not kinds"), " ".join(draft.artifacts.exclude), _("such as sbom application/spdx*")),
        Field("force", _("Copy unchanged"), "yes" if options.force else "no", choices=yes_no),
        Field("since", _("Earlier export"), shlex.join(options.since), _("folder, tar or inventory.json to leave out")),
        Field(
            "split",
            _("Tar in parts"),
            size_text(options.split),
            _("700M or 4G at most, where a tar is written"),
        ),
        Field("throughput", _("Assumed MB/s"), f"{draft.throughput / _MB:g}", _("for the rough time only")),
    ]

    def judge(values: Values) -> Verdict:
        try:
            take_options(replace(draft), values)
        except ValueError as error:
            return Verdict(error=said(str(error)))
        policy = _POLICIES[values["on_conflict"]]
        lines = [_(policy)]
        if values["on_conflict"] == "backup":
            example = backup_tag(values["backup"], "1.4", "sha256:" + "0" * 64, time.time())
            lines.append(_("such as {before} → {after}").format(before="1.4", after=example))
        if drift := _DRIFTS[values["on_drift"]]:
            lines.append(_(drift))
        if order := _ORDERS[values["order"]]:
            lines.append(_(order))
        if values["referrers"] == "check":
            lines.append(_("what is attached to unchanged images is compared, too: a question more for each"))
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
    since = _earlier(values["since"])
    split = _split_at(values["split"].strip())
    platforms = tuple(Platform.parse(each) for each in _split(values["platforms"]))
    artifacts = ArtifactSelection(_split(values["kinds"]), _split(values["not_kinds"]))
    check_artifacts(artifacts)
    check_backup(values["backup"])
    draft.options = replace(
        draft.options,
        concurrency=concurrency,
        retries=retries,
        on_conflict=cast(OnConflict, values["on_conflict"]),
        referrers=values["referrers"] != "no",
        check_referrers=values["referrers"] == "check",
        backup=values["backup"],
        on_drift=cast(OnDrift, values["on_drift"]),
        order=cast(Order, values["order"]),
        force=values["force"] == "yes",
        since=since,
        split=split,
    )
    draft.platforms = platforms
    draft.artifacts = artifacts
    draft.throughput = int(rate * _MB)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _split_at(text: str) -> int:
    try:
        size = parse_size(text) if text else 0
    except ValueError:
        size = 1
    if 0 < size < SMALLEST_PART:
        raise ValueError(_("Tar in parts: a size like 700M or 4G is needed"))
    return size


def _earlier(text: str) -> tuple[str, ...]:
    """Return the paths of earlier exports; one with blanks stands in quotes. Raises ValueError in the user's words."""
    try:
        paths = tuple(absolute_path(each) for each in shlex.split(text))
    except ValueError as error:
        raise ValueError(_("Earlier export: {problem}").format(problem=error)) from None
    for path in paths:
        if not Path(path).exists() and not Path(f"{path}.parts.json").exists():
            raise ValueError(_("Earlier export: there is no {path}").format(path=path))
    return paths
