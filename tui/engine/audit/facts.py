"""Who, when, from where to where, with what: the facts at the head of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.engine.outcome import MEANING
from tui.engine.words import size


def facts(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of what everybody asks first."""
    sessions = report["sessions"]
    yield "plan", report["plan"]
    yield "from", ", ".join(report["from"]) or "nothing"
    yield "to", ", ".join(report["to"]) or "nothing"
    yield "made", f"{report['made']}{' by ' + report['made_by'] if report['made_by'] else ''}"
    if sessions:
        yield "began", sessions[0]["started"]
        yield "ended", sessions[-1]["ended"]
        yield "ran on", ", ".join(dict.fromkeys(session["host"] for session in sessions))
        yield "tool", ", ".join(dict.fromkeys(f"regferry {session['version']}" for session in sessions))
        if len(sessions) > 1:
            yield "processes", f"{len(sessions)}, each going on where the one before it ended"
    yield "work", duration(report["seconds"])
    yield "exit", exit_words(report["exit"])
    yield "tasks", ", ".join(f"{count} {state}" for state, count in report["tasks"].items() if count) or "none"
    yield "bytes", ", ".join(f"{size(count)} {name}" for name, count in report["bytes"].items())
    yield "options", ", ".join(f"{name} {_option(value)}" for name, value in report["options"].items())


def exit_words(code: int | None) -> str:
    """Return an exit code with what it means."""
    return "none so far" if code is None else f"{code}: {MEANING.get(code, 'ended by a signal')}"


def signed_words(report: Mapping[str, Any]) -> str:
    """Return who signed the report off, in a sentence."""
    signed = report["sign_off"]
    if signed is None:
        return "Not signed off."
    who = f"{signed['name']} on {signed['at']} (account {signed['account']})"
    if signed["holds"]:
        return f"Signed off by {who}."
    return f"Not signed off as it is: {who} signed off other data, {signed['checksum']}."


def duration(seconds: float) -> str:
    """Return seconds as `0.8 s`, `4 min 5 s`, `1 h 2 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _option(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in ("", None, [], {}) else "none"
