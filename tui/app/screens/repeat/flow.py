"""From a plan to a command line, a timer or a CronJob that repeats it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.i18n import N_, _, said, whole
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.repeat.text import RepeatText
from tui.oci.errors import LocalError
from tui.plan.model import Plan
from tui.plan.text_file import write_text
from tui.plan.toml_file import format_plan

if TYPE_CHECKING:
    from tui.app.screens.place import Place
    from tui.repeat.written.job import Job

WAYS = {
    "command": N_("command line"),
    "systemd": N_("systemd"),
    "kubernetes": N_("Kubernetes"),
    "crontab": N_("cron"),
}
_SHOWN = 3
IMAGE = "registry.example.com/tools/regferry:latest"


def ask_when(place: Place, plan: Plan, path: Path | None) -> None:
    """Ask when and how a plan is repeated, then show the text; a plan without a file is written to one."""
    environ = place.session.environ

    def answered(values: dict[str, str] | None) -> None:
        if values is None:
            return
        try:
            job = _job(plan, values, environ)
            if not job.plan_file.exists():
                write_text(job.plan_file, format_plan(plan))
            texts = texts_of(job, values["way"], values["image"], _endpoints(environ))
        except (OSError, ValueError, LocalError) as error:
            place.say(said(str(error)), "error")
            return
        words = WAYS[values["way"]]
        place.app.push_screen(RepeatText(_(words), texts))

    def judge(values: Values) -> Verdict:
        try:
            job = _job(plan, values, environ)
            if not job.plan_file.parent.is_dir():
                raise ValueError(_("there is no folder {path}").format(path=job.plan_file.parent))
            if job.plan_file.suffix != ".toml":
                raise ValueError(_("the name has to end in {endings}").format(endings=".toml"))
            texts_of(job, values["way"], values["image"] or IMAGE)
        except ValueError as error:
            hint = getattr(error, "hint", "")
            return Verdict(error=whole(error) if hint else said(str(error)))
        moments = islice(job.times.following(datetime.now(UTC)), _SHOWN)
        shown = ", ".join(f"{job.times.local(moment):%Y-%m-%d %H:%M}" for moment in moments)
        lines = [_("next: {times}").format(times=shown)]
        if not job.plan_file.exists():
            lines.append(_("{path} is not there yet and will be written").format(path=job.plan_file.name))
        return Verdict(lines=tuple(lines))

    suggested = path or Path.cwd() / f"{'-'.join(plan.name.split()) or 'plan'}.toml"
    fields = [
        Field("cron", _("When (cron)"), "0 3 * * *", "0 3 * * *"),
        Field("zone", _("Time zone"), "", _("that of this machine")),
        Field("path", _("Plan file"), str(suggested), "plan.toml"),
        Field("image", _("Image"), "", IMAGE),
        Field("way", _("By"), "command", choices=tuple((way, _(words)) for way, words in WAYS.items())),
    ]
    about = _("Minute, hour, day of month, month, day of week. An image is needed for Kubernetes only.")
    place.app.push_screen(FormDialog(_("Repeat this"), fields, judge, about=about), answered)


def texts_of(job: Job, way: str, image: str, endpoints: str = "") -> dict[str, str]:
    """Return the texts by file name. Raises TimesError for times the way cannot say."""
    match way:
        case "systemd":
            from tui.repeat.written.systemd import systemd_files

            return systemd_files(job)
        case "kubernetes":
            from tui.repeat.written.kubernetes import kubernetes_files

            return kubernetes_files(job, image or IMAGE, endpoints)
        case "crontab":
            from tui.repeat.written.crontab import crontab_files

            return crontab_files(job)
    return {"repeat.sh": f"{job.foreground()}\n"}


def _job(plan: Plan, values: Values, environ: Mapping[str, str]) -> Job:
    from tui.repeat.times import Times
    from tui.repeat.written.job import Job

    times = Times.parse(values["cron"], values["zone"])
    return Job(plan, Path(values["path"]).expanduser(), times, environ=environ)


def _endpoints(environ: Mapping[str, str]) -> str:
    from tui.endpoints.locations import endpoints_path

    path = endpoints_path(environ)
    return path.read_text(encoding="utf-8") if path.is_file() else ""
