"""How a selection came from what is listed to what is taken, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.app.i18n import N_, _, ngettext
from tui.app.widgets.detail_pane import Section
from tui.engine.funnels import RuleFunnel
from tui.plan.funnels import Word, in_words, summed
from tui.plan.selection import Step

_WORDS: dict[Word, str] = {
    "tags": N_("{count} tags"),
    "match": N_("{count} match"),
    "labels": N_("{count} with the labels"),
    "newer_than": N_("{count} new enough"),
    "newest": N_("{count} newest"),
}
_STEPS = {
    "listed": N_("listed"),
    "include": N_("included"),
    "exclude": N_("not excluded"),
    "regex": N_("with the expression"),
    "exclude_regex": N_("without the expression"),
    "semver": N_("in the range of versions"),
    "attached": N_("not attached to another"),
    "labels": N_("with the labels"),
    "newer_than": N_("new enough"),
    "newest": N_("newest"),
    "chosen": N_("chosen"),
}


def funnel_text(steps: Iterable[Step]) -> str:
    """Return a funnel of tags in one line: `413 tags → 120 match → 40 newest`."""
    return " → ".join(_(_WORDS[word]).format(count=f"{left:,}") for word, left in in_words(steps))


def sum_of(funnels: Sequence[RuleFunnel]) -> str:
    """Return the funnels of all rules as one, '' where nothing was narrowed."""
    steps = summed(funnel.tags for funnel in funnels)
    return funnel_text(steps) if len(steps) > 1 else ""


def rule_sections(funnels: Sequence[RuleFunnel]) -> list[Section]:
    """Return every rule with each of its steps."""
    return [Section(funnel.rule, list(_lines(funnel))) for funnel in funnels]


def _lines(funnel: RuleFunnel) -> Iterable[str]:
    for title, steps in ((_("Repositories"), funnel.repositories), (_("Tags"), funnel.tags)):
        for step in steps:
            yield f"{title}  {step.left:>7,}  {_(_STEPS.get(step.name, step.name))}"
    if funnel.configs:
        text = ngettext(
            "The age was read from {count} image config, at about two requests.",
            "The ages were read from {count} image configs, at about two requests each.",
            funnel.configs,
        )
        yield text.format(count=f"{funnel.configs:,}")
    if funnel.time == "pushed":
        yield _("The ages are those of the push, as Harbor tells them.")
    if funnel.timeless:
        text = ngettext(
            "{count} tag was left out because nobody knows its age.",
            "{count} tags were left out because nobody knows their age.",
            funnel.timeless,
        )
        yield text.format(count=f"{funnel.timeless:,}")
