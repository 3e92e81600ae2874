"""What is to be repeated, in the terms all of the texts share."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tui.endpoints.locations import CONFIG_VARIABLE, STATE_VARIABLE
from tui.endpoints.secrets.passphrase import FILE_VARIABLE
from tui.plan.model import Plan
from tui.repeat.times import Times

_KEPT = (CONFIG_VARIABLE, STATE_VARIABLE, "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", FILE_VARIABLE)
"""Variables with paths that a run needs to be the same; what holds a secret is never written down."""
_MAX_NAME = 43
"""Characters; Kubernetes allows 52 for a CronJob, and `regferry-` goes before it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A plan, its file, when it runs, up to how many seconds it is put off, and more options of `regferry run`."""

    plan: Plan
    plan_file: Path
    times: Times
    jitter: float = 0.0
    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def name(self) -> str:
        """A name that a unit and a Kubernetes object may have (RFC 1123 label): `regferry-nightly`."""
        words = re.sub(r"[^a-z0-9]+", "-", self.plan.name.lower()).strip("-")[:_MAX_NAME].strip("-")
        return f"regferry-{words or 'plan'}"

    @property
    def secret_variables(self) -> tuple[str, ...]:
        """The variables that hold what must not be written down."""
        return tuple(name for name in (self.plan.notify.url_env, self.plan.notify.secret_env) if name)

    def command(self) -> list[str]:
        """Return the command line that runs the plan once, with whole paths."""
        return [*program(), "run", str(self.plan_file.absolute()), "--no-overlap", *self.options]

    def kept_variables(self) -> dict[str, str]:
        """Return the variables that say where settings, state and logins are, as they are set here."""
        return {name: self.environ[name] for name in _KEPT if self.environ.get(name)}

    def foreground(self) -> str:
        """Return the command line that keeps to the times itself."""
        zone = ["--timezone", self.times.timezone] if self.times.timezone else []
        jitter = ["--jitter", f"{self.jitter:.0f}s"] if self.jitter else []
        more = ["--", *self.options] if self.options else []
        words = ["regferry", "schedule", str(self.plan_file), "--cron", self.times.cron, *zone, *jitter, *more]
        return shlex.join(words)


def program() -> list[str]:
    """Return how this regferry is started, with whole paths."""
    beside = Path(sys.executable).with_name("regferry")
    found = str(beside) if beside.is_file() else shutil.which("regferry")
    return [found] if found else [sys.executable, "-m", "tui"]
