"""How the rules of a run came from what is listed to what they copy, read from its journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.plan.funnels import summed
from tui.plan.selection import Step


@dataclass(slots=True)
class RuleFunnel:
    """What a rule listed and what each step left: `repositories` of a pattern, and `tags` over all of them.

    `time` is what the age of a tag was taken from, `pushed` (a Harbor says it) or `created` (image configs, of which
    `configs` were read), '' when nobody asked; `timeless` tags were left out since nobody knows their age.
    """

    rule: str
    repositories: list[Step] = field(default_factory=list)
    tags: list[Step] = field(default_factory=list)
    time: str = ""
    timeless: int = 0
    configs: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as values JSON can carry; each step is {"step", "left"}."""
        repositories, tags = (
            [{"step": step.name, "left": step.left} for step in steps] for steps in (self.repositories, self.tags)
        )
        counts = {"time": self.time, "timeless": self.timeless, "configs": self.configs}
        return {"rule": self.rule, "repositories": repositories, "tags": tags, **counts}


def funnels(reader: JournalReader) -> list[RuleFunnel]:
    """Return the funnel of each rule that lists something."""
    texts = {row["id"]: row["text"] for row in reader.rules()}
    found: dict[int, RuleFunnel] = {}
    tags: dict[int, list[list[Step]]] = {}
    for rule_id, path, document in reader.funnels():
        rule = found.setdefault(rule_id, RuleFunnel(texts[rule_id]))
        steps = [Step(name, left) for name, left in document["steps"]]
        if not path:
            rule.repositories = steps
            continue
        tags.setdefault(rule_id, []).append(steps)
        rule.time = rule.time or document.get("time", "")
        rule.timeless += document.get("timeless", 0)
        rule.configs += document["asked"] if document.get("time") == "created" else 0
    for rule_id, rule in found.items():
        rule.tags = summed(tags.get(rule_id, ()))
    return [found[number] for number in sorted(found)]
