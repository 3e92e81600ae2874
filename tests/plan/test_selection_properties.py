"""What holds for every selection and every mapping, whatever the tags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.plan.strategies import COMPONENTS, REGISTRIES, paths, repository_selections, selections
from tui.oci.reference import Repository
from tui.plan.artifacts import KINDS, takes
from tui.plan.attached import cosign_tags, is_attached
from tui.plan.expand import attached_pairs, chosen_repositories, clashes, matching_repositories, pairs_of
from tui.plan.funnels import in_words, summed
from tui.plan.model import ArtifactSelection, Rule, TagSelection
from tui.plan.selection import TagFacts, narrow
from tui.plan.versions import sort_key

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DIGESTS = st.integers(0, 16**64 - 1).map("sha256:{:064x}".format)
NAMES = st.one_of(
    st.from_regex(r"v?[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-rc[0-9])?", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9._-]{0,8}", fullmatch=True),
    DIGESTS.flatmap(lambda digest: st.sampled_from(cosign_tags(digest))),
)
TAGS = st.lists(NAMES, max_size=25)
TIMES = st.none() | st.integers(0, 400).map(lambda days: NOW - timedelta(days=days))
LABELS = st.frozensets(st.sampled_from(["prod", "tested", "broken"]))
FACTS = st.builds(TagFacts, TIMES, LABELS)
TEMPLATES = st.sampled_from(
    ["a.io/m", "a.io/m/{name}", "a.io/{path}", "a.io/{project}/x-{name}", "a.io/m/{name}:{tag}-old", "a.io/m:x-{tag}"]
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[TagSelection, list[str], dict[str, TagFacts]]:
    """A selection with labels that may be there, tags, and what is known of them."""
    tags = draw(TAGS)
    labels = st.lists(st.sampled_from(["prod", "tested", "broken"]), max_size=1).map(tuple)
    selection = replace(draw(selections()), labels=draw(labels), exclude_labels=draw(labels))
    return selection, tags, {tag: draw(FACTS) for tag in tags}


def subsequence(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether all of `part` are in `whole`, in its order."""
    rest = iter(whole)
    return all(each in rest for each in part)


@settings(max_examples=50)
@given(situations())
def test_what_is_taken_was_listed_and_keeps_its_order(
    situation: tuple[TagSelection, list[str], dict[str, TagFacts]],
) -> None:
    selection, tags, facts = situation
    funnel = narrow(selection, tags, facts, NOW)
    assert subsequence(funnel.tags, dict.fromkeys(tags))
    lefts = [step.left for step in funnel.steps]
    assert lefts == sorted(lefts, reverse=True)
    assert (funnel.listed, funnel.kept) == (lefts[0], lefts[-1]) == (len(set(tags)), len(funnel.tags))
    assert narrow(selection, funnel.tags, facts, NOW).tags == funnel.tags


@settings(max_examples=50)
@given(situations())
def test_without_facts_nothing_is_lost_that_would_be_taken_with_them(
    situation: tuple[TagSelection, list[str], dict[str, TagFacts]],
) -> None:
    selection, tags, facts = situation
    before, after = narrow(selection, tags), narrow(selection, tags, facts, NOW)
    assert set(after.tags) <= set(before.tags)
    assert before.open or before.tags == after.tags
    # What is asked of a registry is asked for these only: the facts of the others do not matter.
    fewer = {tag: fact for tag, fact in facts.items() if tag in before.tags}
    assert narrow(selection, tags, fewer, NOW) == after


@settings(max_examples=50)
@given(situations(), st.integers(1, 5))
def test_the_newest_by_time_are_no_older_than_what_is_left_out(
    situation: tuple[TagSelection, list[str], dict[str, TagFacts]], count: int
) -> None:
    selection, tags, facts = situation
    every = replace(selection, newest=None, newest_by="version")
    # Ranking sets apart what is attached; without a number there may be no ranking.
    candidates = [tag for tag in narrow(every, tags, facts, NOW).tags if not is_attached(tag)]
    taken = narrow(replace(selection, newest=count, newest_by="time"), tags, facts, NOW).tags
    assert len(taken) == min(count, len(candidates))
    never = datetime.min.replace(tzinfo=UTC)
    keys = {tag: (facts[tag].time or never, *sort_key(tag)) for tag in candidates}
    assert all(keys[out] < keys[kept] for kept in taken for out in set(candidates) - set(taken))


@settings(max_examples=50)
@given(situations(), situations())
def test_the_funnel_of_two_repositories_is_the_sum(
    one: tuple[TagSelection, list[str], dict[str, TagFacts]], other: tuple[TagSelection, list[str], dict[str, TagFacts]]
) -> None:
    selection, tags, facts = one
    funnels = [narrow(selection, tags, facts, NOW), narrow(selection, other[1], other[2], NOW)]
    steps = summed(funnel.steps for funnel in funnels)
    lefts = [step.left for step in steps]
    assert lefts == sorted(lefts, reverse=True)
    assert (lefts[0], lefts[-1]) == (sum(f.listed for f in funnels), sum(f.kept for f in funnels))
    words = in_words(steps)
    assert len({word for word, _ in words}) == len(words)
    assert (words[0], words[-1][1]) == (("tags", lefts[0]), lefts[-1])


@settings(max_examples=50)
@given(repository_selections(), st.lists(paths(), max_size=10), COMPONENTS)
def test_chosen_repositories_are_some_of_those_a_rule_names(selection: object, listed: list[str], project: str) -> None:
    rule = Rule("h.io", f"{project}/*", "a.io/m/{path}")
    named = matching_repositories(rule, listed)
    assert subsequence(named, dict.fromkeys(listed))
    chosen = chosen_repositories(replace(rule, repositories=selection), named)  # type: ignore[arg-type]
    assert subsequence(chosen, named)


@settings(max_examples=50)
@given(REGISTRIES, paths(), TEMPLATES, TAGS)
def test_a_mapping_of_one_repository_loses_no_tag_and_gives_none_to_two(
    registry: str, path: str, template: str, tags: list[str]
) -> None:
    tags = list(dict.fromkeys(tags))
    assume(all(len(tag) < 120 for tag in tags))
    rule = Rule(registry, path, template)
    repository = Repository(registry, path)
    pairs = pairs_of(rule, repository, tags)
    assert {pair.source.tag for pair in pairs} == set(tags)
    assert len(pairs) == len(tags)
    assert clashes(pairs) == []
    assert len({pair.target.repository for pair in pairs}) <= 1
    # What is attached keeps its name, or nobody finds it any more.
    assert all(pair.target.tag == pair.source.tag for pair in pairs if is_attached(pair.source.tag or ""))
    attached = [tag for tag in tags if is_attached(tag)]
    assert [pair.target for pair in attached_pairs(rule, repository, attached)] == [
        pair.target for tag in attached for pair in pairs if pair.source.tag == tag
    ]


WORDS = st.lists(st.sampled_from([*KINDS, "application/*", "text/spdx"]), max_size=3).map(tuple)


@settings(max_examples=50)
@given(WORDS, WORDS, st.sampled_from(KINDS), st.sampled_from(["", "application/x", "text/spdx"]))
def test_what_is_excluded_is_not_taken_and_nothing_named_takes_all(
    include: tuple[str, ...], exclude: tuple[str, ...], kind: str, artifact_type: str
) -> None:
    taken = takes(ArtifactSelection(include, exclude), kind, artifact_type)
    assert takes(ArtifactSelection(), kind, artifact_type)
    assert not (taken and kind in exclude)
    assert taken == (
        takes(ArtifactSelection(include), kind, artifact_type)
        and takes(ArtifactSelection((), exclude), kind, artifact_type)
    )
