"""Which engine carries out a plan: `--engine` and `--harbor` over what the plan file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tui.plan.model import Plan

OWN, HARBOR = "own", "harbor-replication"

Command = TypeVar("Command", bound=Callable[..., Any])


def engine_options(command: Command) -> Command:
    """Add the options that choose the engine."""
    harbor = click.option(
        "--harbor", metavar="HOST", help="The Harbor that replicates; the plan's own, where it has only one."
    )
    engine = click.option(
        "--engine",
        type=click.Choice([OWN, HARBOR]),
        help="Who moves the bytes: this machine, or the replication of the Harbor at one side. The plan's, by default.",
    )
    return engine(harbor(command))


def with_engine(plan: Plan, engine: str | None, harbor: str | None) -> Plan:
    """Return the plan as it is to be carried out.

    Raises click.UsageError where no Harbor is to be found, EndpointsError for the list of endpoints.
    """
    from tui.plan.replication import Replication

    if engine == OWN:
        if harbor:
            raise click.UsageError("--harbor is for --engine harbor-replication")
        return replace(plan, replication=None)
    if engine is None and plan.replication is None and not harbor:
        return plan
    how = plan.replication or Replication()
    address = harbor or how.harbor or _harbor_of(plan)
    if not address:
        raise click.UsageError("no registry of this plan is known as a Harbor: say which one with --harbor HOST")
    return replace(plan, replication=replace(how, harbor=address))


def _harbor_of(plan: Plan) -> str:
    """Return the first Harbor among the plan's registries: an endpoint of that kind, or one whose name says so."""
    from tui.endpoints.file import EndpointFile
    from tui.endpoints.locations import endpoints_path
    from tui.plan.replication import harbor_among
    from tui.providers.kinds import guess

    registries = [rule.source_registry for rule in plan.rules]
    registries += [rule.target.partition("/")[0] for rule in plan.rules]
    named = [each.address for each in EndpointFile(endpoints_path()).load() if each.kind == "harbor"]
    return harbor_among(registries, [*named, *(each for each in registries if guess(each) == "harbor")])
