"""How a rule came from what is listed to what it copies: 413 tags, 120 match, 40 newest; over all its repositories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui.engine.journal.reader import JournalReader

_BY_NAME = ("include", "exclude", "regex", "exclude_regex", "semver", "attached")
"""Steps that look at names alone; in words they are one."""
_ORDER = ("listed", *_BY_NAME, "labels", "newer_than", "newest")


def funnels(reader: JournalReader) -> list[dict[str, Any]]:
    """Return for each rule that lists something how many each step left.

    `repositories` and `tags` are lists of {"step", "left"}, from `listed` on. `time` is what the age of a tag was taken
    from, `pushed` (a Harbor says it) or `created` (image configs, of which `configs` were read), '' when nobody asked;
    `timeless` tags were left out since nobody knows their age.
    """
    texts = {row["id"]: row["text"] for row in reader.rules()}
    found: dict[int, dict[str, Any]] = {}
    for rule_id, path, document in reader.funnels():
        rule = found.setdefault(rule_id, _empty(texts[rule_id]))
        if not path:
            rule["repositories"] = [{"step": name, "left": left} for name, left in document["steps"]]
            continue
        _add(rule["tags"], document["steps"])
        rule["time"] = rule["time"] or document.get("time", "")
        rule["timeless"] += document.get("timeless", 0)
        rule["configs"] += document["asked"] if document.get("time") == "created" else 0
    return [found[number] for number in sorted(found)]


def steps_in_words(steps: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return the steps as people count them: `tags`, `match`, `labels`, `newer_than`, `newest`, each with what is left.

    What was chosen by name is one step.
    """
    words: list[tuple[str, int]] = []
    for each in steps:
        step = each["step"]
        name = "tags" if step == "listed" else "match" if step in _BY_NAME else step
        if words and words[-1][0] == name:
            words[-1] = (name, each["left"])
        else:
            words.append((name, each["left"]))
    return words


def _empty(text: str) -> dict[str, Any]:
    return {"rule": text, "repositories": [], "tags": [], "time": "", "timeless": 0, "configs": 0}


def _add(tags: list[dict[str, Any]], steps: Iterable[tuple[str, int]]) -> None:
    """Add the steps of one repository; `attached` is there only where there are such tags."""
    mine, others = dict(steps), {each["step"]: each["left"] for each in tags}
    tags.clear()
    own = theirs = 0
    for name in _ORDER:
        if name in mine or name in others:
            own, theirs = mine.get(name, own), others.get(name, theirs)
            tags.append({"step": name, "left": own + theirs})
