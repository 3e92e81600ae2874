"""The steps of a connection test, what they are called, and what they find out about an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tui.endpoints.model import Endpoint
from tui.oci.saying import N_
from tui.providers.kinds import Vendor

StepName = Literal["disk", "name", "tcp", "tls", "api", "login", "list", "pull", "push"]
State = Literal["ok", "failed", "skipped"]

STEPS: tuple[StepName, ...] = get_args(StepName)[1:]
"""Those of a registry; a place on a disk has `disk` in the place of all that is on the way to one."""
TITLES: dict[StepName, str] = {
    "disk": N_("folder or tar"),
    "name": N_("name resolved"),
    "tcp": "TCP connected",
    "tls": "TLS",
    "api": "registry API (/v2/)",
    "login": "login",
    "list": N_("list repositories"),
    "pull": N_("permission to pull"),
    "push": N_("permission to push"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step. `hint` says what to do, `kind` is that of the RegistryError behind a failure ('' else)."""

    name: StepName
    state: State
    detail: str
    hint: str = ""
    seconds: float = 0.0
    kind: str = ""
    vendor: Vendor | None = None
    """Whose registry it is, with the step `api` that found it out."""

    @property
    def title(self) -> str:
        """The step in words."""
        return TITLES[self.name]


def found_out(endpoint: Endpoint, steps: Sequence[Step]) -> dict[str, str]:
    """Return the fields of an endpoint that its test found out; a kind that was said outright stays."""
    vendor = next((step.vendor for step in steps if step.vendor is not None), None)
    if vendor is None or (endpoint.kind not in ("generic", vendor.kind)):
        return {}
    return {"kind": vendor.kind, "edition": vendor.edition, "region": vendor.region, "version": vendor.version}
