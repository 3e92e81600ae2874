"""Endpoints and the steps of a connection test, as lines for a person and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.endpoints.model import Endpoint, LastTest
from tui.endpoints.secrets.status import TITLES as STORE_TITLES
from tui.oci.text import printable
from tui.providers.abilities import abilities, vendor_at
from tui.providers.kinds import TITLES

if TYPE_CHECKING:
    from tui.providers.check_steps import Step

_MARKS = {"ok": "ok", "failed": "FAILED", "skipped": "-"}


def document(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as JSON values; there is no secret in it."""
    vendor = vendor_at(endpoint)
    known = {field.name: _value(getattr(endpoint, field.name)) for field in fields(endpoint)}
    return {**known, "title": vendor.title, "can": {each.subject: each.words for each in abilities(vendor)}}


def ability_lines(endpoint: Endpoint) -> list[str]:
    """Return what the registry can do, line by line."""
    return [f"        {each.subject:<21} {each.words}" for each in abilities(vendor_at(endpoint))]


def _value(value: Any) -> Any:
    if isinstance(value, LastTest):
        return {field.name: _value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def table(endpoints: Sequence[Endpoint]) -> str:
    """Return the endpoints as columns under a heading."""
    rows = [("NAME", "KIND", "ADDRESS", "ACCOUNT", "PASSWORD IN", "LAST TEST")]
    rows += [_row(each) for each in endpoints]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _row(endpoint: Endpoint) -> tuple[str, str, str, str, str, str]:
    scheme = "http://" if endpoint.scheme == "http" else ""
    account = endpoint.username or ("anonymous" if endpoint.store == "none" else "-")
    store = f"variable {endpoint.password_env}" if endpoint.store == "env" else STORE_TITLES[endpoint.store]
    title = dict(TITLES).get(endpoint.kind, endpoint.kind)  # type: ignore[call-overload]  # any text in the file
    return endpoint.name, title, scheme + endpoint.address, account, store, _last_test(endpoint.last_test)


def _last_test(test: LastTest | None) -> str:
    if test is None:
        return "never"
    when = test.at.astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{when}, {test.latency_ms} ms" if test.ok else f"{when}, failed: {printable(test.message, 60)}"


def step_words(step: Step) -> str:
    """Return a step as a line, with a second one for what to do."""
    line = f"{_MARKS[step.state]:<7} {step.title:<21} {step.detail}"
    return f"{line}\n{'':8}{'':21} {step.hint}" if step.hint else line


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as JSON values."""
    return {
        "name": step.name,
        "state": step.state,
        "detail": step.detail,
        "hint": step.hint,
        "seconds": round(step.seconds, 3),
        "class": step.kind,
    }
