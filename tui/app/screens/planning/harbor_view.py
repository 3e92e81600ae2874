"""What a Harbor says about carrying out a plan by its replication: may this account, and what it cannot express."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.app.i18n import said
from tui.app.session import Session
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError, RegistryError
from tui.plan.model import Plan

if TYPE_CHECKING:
    from tui.providers.harbor.replication.policies import Reason

_MOST_REASONS = 6


@dataclass(slots=True)
class HarborView:
    """`problem` (with `hint`) says why this Harbor cannot replicate for this account, '' when it can.

    `against` are the rules it cannot express, `rules` how many there are.
    """

    version: str = ""
    problem: str = ""
    hint: str = ""
    against: list[Reason] = field(default_factory=list)
    rules: int = 0

    @property
    def able(self) -> bool:
        """Whether it can carry out anything of the plan."""
        return not self.problem and not self.nothing

    @property
    def nothing(self) -> bool:
        """Whether all of the plan is beyond it."""
        return any(each.rule is None for each in self.against) or len(self.left) == self.rules

    @property
    def left(self) -> list[object]:
        """The rules that this machine would copy."""
        found: list[object] = []
        for each in self.against:
            if each.rule is not None and each.rule not in found:
                found.append(each.rule)
        return found


async def look_at_harbor(session: Session, endpoint: Endpoint, plan: Plan) -> HarborView:
    """Ask a Harbor (one request for its version, one for its registries, which only an administrator may see)."""
    from tui.providers.harbor.client import Harbor
    from tui.providers.harbor.replication.policies import expressible
    from tui.providers.harbor.replication.registries import HarborRegistries, version_of

    view = HarborView(rules=len(plan.rules))
    try:
        async with Harbor(await session.resolver.access_of(endpoint)) as harbor:
            version = await version_of(harbor)
            view.version = str(version)
            view.against = expressible(plan, endpoint.address, version)
            await HarborRegistries(harbor).known()
    except (RegistryError, EndpointsError, LocalError) as error:
        view.problem, view.hint = said(error.message), said(error.hint)
    return view


def reasons_text(reasons: Sequence[Reason]) -> list[str]:
    """Return the reasons as lines, each once."""
    lines: dict[str, None] = {}
    for each in reasons:
        lines[said(each.words)] = None
    shown = list(lines)[:_MOST_REASONS]
    return [*shown, "…"] if len(lines) > _MOST_REASONS else shown
