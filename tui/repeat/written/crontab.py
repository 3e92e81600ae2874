"""A line for cron (crontab(5)); overlaps are prevented by `regferry run --no-overlap`."""

from __future__ import annotations

import shlex

from tui.repeat.written.job import Job


def crontab_files(job: Job) -> dict[str, str]:
    """Return the text by its name."""
    zone = f"CRON_TZ={job.times.timezone}\n" if job.times.timezone else ""
    variables = "".join(f"{name}={value}\n" for name, value in job.kept_variables().items())
    # A percent sign is a line break to cron.
    command = shlex.join(job.command()).replace("%", "\\%")
    return {"crontab": f"{zone}{variables}{job.times.cron} {command}\n"}
