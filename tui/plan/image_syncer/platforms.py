"""image-syncer's `--os` and `--arch` as platforms (README, "Command details")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from tui.oci.saying import phrase
from tui.plan.errors import RuleError
from tui.plan.imported import Hazard
from tui.plan.model import Plan, Platform


def parse_platforms(os: Sequence[str], arch: Sequence[str]) -> tuple[tuple[Platform, ...], tuple[Hazard, ...]]:
    """Return the platforms that pass both filters, and the warnings about their values.

    A value is `os[:osversion]` or `architecture[:variant]`. A comma list is split, which image-syncer does not do.
    Raises RuleError.
    """
    hazards: list[Hazard] = []
    values: list[list[tuple[str, str]]] = []
    for flag, given in (("--os", os), ("--arch", arch)):
        for value in given:
            if "," in value:
                message = phrase(
                    "{value!r} is read as a list; image-syncer takes it for one name that nothing has", value=value
                )
                hazards.append(Hazard("arch-list", message, flag, phrase("give {flag} once for each", flag=flag)))
        parts = [part for value in given for part in value.split(",") if part]
        values.append([_split(flag, part) for part in dict.fromkeys(parts)])
    if not any(values):
        return (), tuple(hazards)
    systems, architectures = (found or [("", "")] for found in values)
    platforms = tuple(
        Platform(name, architecture, variant, version)
        for (name, version), (architecture, variant) in product(systems, architectures)
    )
    return platforms, tuple(hazards)


def with_platforms(plan: Plan, platforms: tuple[Platform, ...]) -> Plan:
    """Return the plan with every rule narrowed to these platforms; none leaves it as it is."""
    return replace(plan, rules=tuple(replace(rule, platforms=platforms) for rule in plan.rules)) if platforms else plan


def _split(flag: str, text: str) -> tuple[str, str]:
    name, _, detail = text.partition(":")
    platform = Platform(name, "", os_version=detail) if flag == "--os" else Platform("", name, detail)
    try:
        read_back = Platform.parse(str(platform))
    except ValueError:
        read_back = None
    if read_back != platform:
        example = "linux or windows:10.0.17763" if flag == "--os" else "amd64 or arm64:v8"
        raise RuleError(
            phrase("{text!r} is not a platform", text=text),
            origin=flag,
            hint=phrase("write {example}", example=example),
        )
    return name, detail
