"""What a run came to, in one sentence that can be held against the rest of its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Level = Literal["good", "plain", "warn", "bad"]


def verdict(data: Mapping[str, Any]) -> dict[str, str]:
    """Return `level` (good, plain, warn, bad), `title` and `text` for the data of a report."""
    level, title, text = _verdict(data)
    return {"level": level, "title": title, "text": text}


def _verdict(data: Mapping[str, Any]) -> tuple[Level, str, str]:
    tasks = data["tasks"]
    total = tasks["total"]
    missing = tasks["failed"] + tasks["conflict"]
    open_ = total - sum(count for state, count in tasks.items() if state != "total")
    there = tasks["done"] + tasks["unchanged"]
    left_out = tasks["skipped"] + tasks["cancelled"]
    sentence = f"{there:,} of {total:,} images are at the target"
    sentence += f", {left_out:,} were left out as planned" if left_out else ""
    rules = data["rules"]["failed"]
    if open_:
        return "warn", "Not finished", f"{sentence}; {open_:,} are still to be copied."
    if missing or rules:
        failed = f"{missing:,} could not be copied" if missing else "that is all that were found"
        more = f", and {_several(rules, 'rule')} of the plan could not be carried out" if rules else ""
        return "bad", "Not complete", f"{sentence}; {failed}{more}. The reasons are below."
    if not total:
        return "plain", "Nothing to do", "The rules of the plan found no images."
    return _verified(data, sentence)


def _verified(data: Mapping[str, Any], sentence: str) -> tuple[Level, str, str]:
    verified = [each for each in data["verifications"] if each["current"]]
    if not verified:
        since = " since the run last went on" if data["verifications"] else ""
        return "plain", "Complete", f"{sentence}. What is there was not verified{since}."
    latest = verified[-1]
    at, by = latest["ended"], latest["by"]
    found = len(latest["findings"])
    if not found:
        return "good", "Complete and verified", f"{sentence}, as planned: verified {at} by {by}, {latest['how']}."
    if set(latest["counts"]) == {"unknown"}:
        return "warn", "Complete, verified in part", f"{sentence}. The registry gave no answer about {found:,} of it."
    return "bad", "Differs from the plan", f"{sentence}, but {_several(found, 'difference')} found {at} by {by}."


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
