"""What a plan says about its end: who is told, and which file monitoring reads. `[notify]` in the plan file.

Only names of environment variables are written down: the address of a webhook lets anybody who has it speak.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from tui.oci.saying import N_, phrase

Shape = Literal["generic", "slack", "dingtalk", "wecom", "feishu"]
Occasion = Literal["end", "failure"]
SHAPES: tuple[str, ...] = get_args(Shape)
OCCASIONS: tuple[str, ...] = get_args(Occasion)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told when a run ends.

    `url_env` names the variable with the webhook's address, '' tells nobody; `secret_env` that with the secret the
    message is signed with (DingTalk, Feishu; for `generic` an `X-Regferry-Signature`). `metrics_file` is written for
    the textfile collector of Prometheus' node_exporter.
    """

    url_env: str = ""
    secret_env: str = ""
    shape: Shape = "generic"
    on: Occasion = "end"
    metrics_file: str = ""


def check_notify(notify: Notify) -> Notify:
    """Return settings that can be used. Raises ValueError that says which cannot."""
    for name in (notify.url_env, notify.secret_env):
        if name and not _VARIABLE.fullmatch(name):
            # What stands here may be the address itself, which is a secret.
            raise ValueError(N_("url_env and secret_env are names of environment variables, not what is in them"))
    if notify.secret_env and notify.shape in ("slack", "wecom"):
        raise ValueError(phrase("messages to {shape} are not signed; leave out secret_env", shape=notify.shape))
    if notify.metrics_file and not notify.metrics_file.endswith(".prom"):
        raise ValueError(
            phrase(
                "metrics_file = {metrics_file!r}: node_exporter reads only files that end in .prom",
                metrics_file=notify.metrics_file,
            )
        )
    return notify
