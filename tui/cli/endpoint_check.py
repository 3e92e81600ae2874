"""Testing an endpoint, and noting in the list how it went."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from tui.cli.foreground import warn
from tui.endpoints.errors import EndpointsError
from tui.endpoints.file import EndpointFile, find
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import LastTest
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.passphrase import passphrase_source
from tui.endpoints.secrets.stores import SecretStores
from tui.engine.outcome import CREDENTIALS, FAILED, WELL
from tui.oci.errors import LocalError, Unauthenticated
from tui.providers.check import check
from tui.providers.check_steps import Step, found_out
from tui.providers.lender import lender


async def run_test(name: str, repository: str, push: bool, show: Callable[[Step], None]) -> tuple[list[Step], int]:
    """Run the steps for the endpoint called `name`, `show` each, and return them with the exit code.

    Raises EndpointsError when there is no such endpoint, Unauthenticated when its password cannot be had.
    """
    file = EndpointFile(endpoints_path())
    known = file.load()
    endpoint = find(known, name)
    async with SecretStores(environ=os.environ, ask=passphrase_source(), endpoints=known) as stores:
        access = await AccessResolver(known, stores, warn=warn, lender=lender).access_of(endpoint)
    steps: list[Step] = []
    async for step in check(access, repository, push):
        steps.append(step)
        show(step)
    try:
        file.update(name, last_test=_outcome(steps), **found_out(endpoint, steps))
    except (LocalError, EndpointsError) as error:
        warn(f"the outcome is not noted with the endpoint: {error}")
    return steps, _exit_code(steps)


def _outcome(steps: list[Step]) -> LastTest:
    failed = next((step for step in steps if step.state == "failed"), None)
    api = next((step.seconds for step in steps if step.name == "api"), 0.0)
    message = f"{failed.title}: {failed.detail}" if failed else ""
    return LastTest(datetime.now(UTC), failed is None, round(api * 1000), message)


def _exit_code(steps: list[Step]) -> int:
    failed = next((step for step in steps if step.state == "failed"), None)
    if failed is None:
        return WELL
    return CREDENTIALS if failed.kind == Unauthenticated.kind else FAILED
