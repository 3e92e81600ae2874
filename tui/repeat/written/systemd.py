"""A service that runs the plan once and the timer that starts it (systemd.service(5), systemd.timer(5)).

systemd does not start a service that is still running, which prevents overlaps; `Persistent=` makes up once for what
was missed while the machine was off.
"""

from __future__ import annotations

from tui.repeat.written.calendar import calendar_events
from tui.repeat.written.job import Job


def systemd_files(job: Job) -> dict[str, str]:
    """Return the texts by file name. Raises TimesError for times that systemd cannot say."""
    return {f"{job.name}.service": _service(job), f"{job.name}.timer": _timer(job)}


def _service(job: Job) -> str:
    lines = [
        f"# regferry: {_comment(job.plan.name)}",
        "# Both files go into /etc/systemd/system, or into ~/.config/systemd/user with systemctl --user.",
        "[Unit]",
        f"Description=Run the regferry plan {_escaped(job.plan.name)}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        "ExecStart=" + " ".join(_quoted(word) for word in job.command()),
    ]
    lines += [f"Environment={_quoted(f'{name}={value}')}" for name, value in job.kept_variables().items()]
    if job.secret_variables:
        lines += [
            f"# A file for its owner only, with a line NAME=value for {' and '.join(job.secret_variables)}:",
            f"EnvironmentFile=-/etc/regferry/{job.name}.env",
        ]
    lines += [
        "# 6: stopped on request, goes on at the next start where it was.",
        "SuccessExitStatus=6",
        "KillSignal=SIGTERM",
        "TimeoutStopSec=120",
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
        "",
    ]
    return "\n".join(lines)


def _timer(job: Job) -> str:
    lines = [
        f"# {job.times.cron} {job.times.timezone}".rstrip(),
        f"# systemctl daemon-reload && systemctl enable --now {job.name}.timer",
        "[Unit]",
        f"Description=When to run the regferry plan {_escaped(job.plan.name)}",
        "",
        "[Timer]",
        *(f"OnCalendar={event}" for event in calendar_events(job.times)),
        "Persistent=yes",
        "AccuracySec=1s",
    ]
    if job.jitter:
        lines.append(f"RandomizedDelaySec={job.jitter:.0f}s")
    return "\n".join([*lines, "", "[Install]", "WantedBy=timers.target", ""])


def _quoted(word: str) -> str:
    """Return a word for a command line of systemd.service(5), "Command Lines" and "Quoting"."""
    plain = _escaped(word).replace("$", "$$")
    if plain and not any(character in plain for character in " \t\"'\\;#"):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    """Return a text without meaning for specifiers (`%n`), on one line."""
    return " ".join(text.split()).replace("%", "%%")


def _comment(text: str) -> str:
    return " ".join(text.split())
