"""From a rule to pairs of references: which repositories, which of their tags, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tui.engine.context import RunContext
from tui.engine.recorder import Recorder
from tui.engine.schedule import SingleFlight
from tui.engine.tag_facts import FactFinder, Facts
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository, is_digest
from tui.oci.saying import N_
from tui.plan.attached import is_attached
from tui.plan.errors import RuleError
from tui.plan.expand import Pair, chosen_repositories, matching_repositories, pairs_of
from tui.plan.model import RepositorySelection, Rule
from tui.plan.selection import Funnel, SelectionError, TagFacts, narrow
from tui.plan.versions import sort_key

_NEVER = datetime.min.replace(tzinfo=UTC)


class Chooser:
    """Lists what the rules of a run name, and notes in the journal what each step of a selection left."""

    def __init__(self, run: RunContext, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._facts = FactFinder(run.registries)
        self._tags: dict[Repository, frozenset[str]] = {}
        self._flights: SingleFlight[Repository] = SingleFlight()

    async def pairs(self, rule_id: int) -> list[Pair]:
        """Return what a rule copies, in the order in which it is written. Raises RegistryError, RuleError."""
        rule = self._run.rules[rule_id]
        pairs: list[Pair] = []
        times: dict[tuple[Repository, str], datetime] = {}
        for repository in await self._repositories(rule_id, rule):
            tags, facts = await self._chosen(rule_id, rule, repository)
            pairs += pairs_of(rule, repository, tags)
            times |= {(repository, tag): fact.time for tag, fact in facts.items() if fact.time is not None}
        return self._ordered(pairs, times)

    def listed(self, repository: Repository) -> frozenset[str] | None:
        """Return all tags of a source repository, None when they were not listed."""
        return self._tags.get(repository)

    async def listed_now(self, repository: Repository) -> frozenset[str] | None:
        """Return all tags of a source repository, None where the registry does not list them. Raises RegistryError."""
        if repository not in self._tags:
            try:
                await self._flights.run(repository, lambda: self._list(repository))
            except RegistryError as error:
                if error.retryable:
                    raise
                return None
        return self._tags[repository]

    async def _repositories(self, rule_id: int, rule: Rule) -> list[Repository]:
        if not rule.is_pattern:
            return [rule.source]
        from tui.engine.catalogs import names_for

        catalog = await names_for(rule, self._run.registries, self._recorder.repositories_listed)
        named = matching_repositories(rule, catalog)
        chosen = chosen_repositories(rule, named)
        steps = [("listed", len(named))]
        if rule.repositories != RepositorySelection():
            steps.append(("chosen", len(chosen)))
        self._run.journal.funnel(rule_id, "", {"steps": steps})
        return [Repository(rule.source_registry, path) for path in chosen]

    async def _chosen(
        self, rule_id: int, rule: Rule, repository: Repository
    ) -> tuple[Sequence[str], dict[str, TagFacts]]:
        """Return the tags a rule takes of a repository, and what is known of them."""
        by_time = self._run.plan.options.order == "oldest-first"
        if not rule.needs_tags:
            found = await self._about(repository, rule.references, labels=False) if by_time else Facts({})
            return rule.references, found.by_tag
        listed = await self._list(repository)
        now = datetime.fromtimestamp(self._run.made, UTC)
        try:
            funnel = narrow(rule.tags, listed, None, now)
            facts = Facts({})
            if rule.tags.needs_labels or rule.tags.needs_time:
                facts = await self._about(repository, funnel.tags, labels=rule.tags.needs_labels)
            if funnel.open:
                funnel = narrow(rule.tags, listed, facts.by_tag, now)
        except SelectionError as error:
            raise RuleError(str(error), rule.origin, N_("correct the rule")) from error
        if by_time and not facts.time:
            facts = await self._about(repository, funnel.tags, labels=False)
        self._run.journal.funnel(rule_id, repository.path, _document(funnel, facts))
        return funnel.tags, facts.by_tag

    async def _about(self, repository: Repository, tags: Sequence[str], *, labels: bool) -> Facts:
        return await self._facts.of(repository, [tag for tag in tags if not is_attached(tag)], labels=labels)

    async def _list(self, repository: Repository) -> list[str]:
        client = await self._run.registries.source(repository)
        tags: list[str] = []
        async for page in client.tags(repository):
            tags += page
            self._recorder.listed(len(page))
        self._tags[repository] = frozenset(tags)
        return tags

    def _ordered(self, pairs: list[Pair], times: dict[tuple[Repository, str], datetime]) -> list[Pair]:
        """Return the pairs in the order of the plan: what is attached to others, and digests, come last."""
        order = self._run.plan.options.order
        if order == "any":
            return pairs

        def key(pair: Pair) -> tuple[object, ...]:
            tag = pair.source.target
            last = is_digest(tag) or is_attached(tag)
            time = times.get((pair.source.repository, tag), _NEVER) if order == "oldest-first" else _NEVER
            return (last, time, *sort_key(tag))

        return sorted(pairs, key=key)


def _document(funnel: Funnel, facts: Facts) -> dict[str, object]:
    document: dict[str, object] = {"steps": [(step.name, step.left) for step in funnel.steps]}
    if facts.time:
        document |= {"time": facts.time, "asked": facts.asked, "timeless": funnel.timeless}
    return document
