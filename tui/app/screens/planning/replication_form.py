"""The settings of a Harbor's replication, in a form."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from tui.app.i18n import N_, _, said
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict, number
from tui.plan.replication import Replication, Resource, Trigger

TRIGGERS = {"manual": N_("now, once"), "scheduled": N_("on a schedule"), "event_based": N_("on every push")}
_CRON = re.compile(r"0 [0-9,/-]+(?: \S+){4}")


def replication_dialog(how: Replication) -> FormDialog:
    """Return the form, filled."""
    yes_no = (("no", _("no")), ("yes", _("yes")))
    fields = [
        Field("name", _("Policy"), how.name, _("its name; empty: made of the plan's")),
        Field("description", _("Description"), how.description),
        Field("registry", _("Registry in Harbor"), how.registry, _("its name there; empty: found or created")),
        Field("trigger", _("Starts"), how.trigger, choices=tuple((key, _(word)) for key, word in TRIGGERS.items())),
        Field("cron", _("Schedule"), how.cron, "0 30 3 * * *"),
        Field("labels", _("Labels"), " ".join(how.labels), _("only what has all of these")),
        Field(
            "resource",
            _("Takes"),
            how.resource,
            choices=(("", _("everything")), ("image", _("images")), ("artifact", _("other artifacts"))),
        ),
        Field("speed", _("Speed, KiB/s"), str(how.speed or ""), _("of each of its tasks; empty: no limit")),
        Field("chunks", _("In chunks"), "yes" if how.chunks else "no", choices=yes_no),
        Field("deletion", _("Repeat deletions"), "yes" if how.deletion else "no", choices=yes_no),
    ]

    def judge(values: Values) -> Verdict:
        try:
            taken = take_settings(how, values)
        except ValueError as error:
            return Verdict(error=said(str(error)))
        lines = []
        if taken.trigger != "manual":
            lines.append(_("It runs once now, and Harbor goes on with it by itself."))
        if taken.deletion:
            lines.append(_("What is deleted at the source is deleted at the target as well."))
        return Verdict(lines=tuple(lines))

    return FormDialog(_("Harbor's replication"), fields, judge)


def take_settings(how: Replication, values: Values) -> Replication:
    """Return the replication with what was typed. Raises ValueError in words for the user."""
    trigger = cast(Trigger, values["trigger"])
    cron = " ".join(values["cron"].split())
    if trigger == "scheduled" and not _CRON.fullmatch(cron):
        raise ValueError(_("Schedule: six fields, seconds first and 0, like 0 30 3 * * * for half past three"))
    speed = number(values["speed"], _("Speed, KiB/s")) if values["speed"] else 0
    return replace(
        how,
        name=values["name"],
        description=values["description"],
        registry=values["registry"],
        trigger=trigger,
        cron=cron if trigger == "scheduled" else "",
        labels=tuple(values["labels"].replace(",", " ").split()),
        resource=cast(Resource, values["resource"]),
        speed=speed,
        chunks=values["chunks"] == "yes",
        deletion=values["deletion"] == "yes",
    )


def settings_text(how: Replication) -> str:
    """Return the settings in words."""
    said = [_(TRIGGERS[how.trigger]) + (f" ({how.cron})" if how.cron else "")]
    if how.registry:
        said.append(_("registry {name}").format(name=how.registry))
    if how.labels:
        said.append(_("labels {labels}").format(labels=" ".join(how.labels)))
    if how.resource:
        said.append(how.resource)
    if how.speed:
        said.append(_("{speed} KiB/s a task").format(speed=how.speed))
    if how.chunks:
        said.append(_("in chunks"))
    said.append(_("with deletions") if how.deletion else _("without deletions"))
    return ", ".join(said) + " " + _("(s changes them)")
