"""Connection tests: one for each endpoint at most, their steps as they come, and the outcome kept in the list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.app.warm_up import warm_up
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint, LastTest
from tui.oci.errors import LocalError, RegistryError

if TYPE_CHECKING:
    from tui.app.session import Session
    from tui.providers.check_steps import Step, StepName


@dataclass(slots=True)
class Test:
    """One test: the steps that are finished, and how it ended (None while it goes on).

    `problem` and `hint` say why it could not even begin.
    """

    steps: list[Step] = field(default_factory=list)
    outcome: LastTest | None = None
    problem: str = ""
    hint: str = ""

    @property
    def next_step(self) -> StepName | None:
        """The step being tried, None when the test is over."""
        from tui.providers.check_steps import STEPS

        if self.outcome is not None or len(self.steps) >= len(STEPS):
            return None
        return STEPS[len(self.steps)]


async def run_test(
    session: Session,
    endpoint: Endpoint,
    test: Test,
    told: Callable[[], None],
    *,
    repository: str = "",
    push: bool = False,
) -> None:
    """Run the steps into `test`, calling `told` after each, and keep the outcome in the list of endpoints.

    Raises LocalError or EndpointsError when it could not be kept there; `test` has it all the same.
    """
    await warm_up()
    from tui.providers.check import check

    try:
        access = await session.resolver.access_of(endpoint)
        async for step in check(access, repository, push):
            test.steps.append(step)
            told()
    except (RegistryError, EndpointsError, LocalError) as error:
        test.problem, test.hint = error.message, error.hint
    test.outcome = _outcome(test)
    told()
    if not session.is_demo(endpoint):
        from tui.providers.check_steps import found_out

        found = found_out(endpoint, test.steps)
        await asyncio.to_thread(session.file.update, endpoint.name, last_test=test.outcome, **found)


def _outcome(test: Test) -> LastTest:
    failed = next((step for step in test.steps if step.state == "failed"), None)
    api = next((step.seconds for step in test.steps if step.name == "api"), 0.0)
    message = f"{failed.title}: {failed.detail}" if failed else test.problem
    return LastTest(datetime.now(UTC), not message, round(api * 1000), message)
