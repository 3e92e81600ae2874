"""Which plans Harbor can carry out, what they become, and why it cannot carry out the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.chinese import in_chinese
from tests.support.harbor.globs import matches
from tests.support.harbor.jobs import renamed
from tui.oci.errors import PolicyRefused
from tui.oci.reference import Repository
from tui.plan.expand import expand, matching_repositories
from tui.plan.model import Options, Plan, Platform, Rule, TagSelection
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.documents import policy_document, policy_of, registry_document
from tui.providers.harbor.replication.model import Filter, Policy, RegistrySpec, Trigger
from tui.providers.harbor.replication.policies import drafts, expressible, narrowed, policies

HARBOR = "harbor.example.com"
CLOUD = "registry.cn-hangzhou.aliyuncs.com"
NEW, OLD, OLDEST = Version(2, 14), Version(2, 1), Version(1, 10)
DIGEST = "sha256:" + "a" * 64


def _rule(path: str, target: str, *tags: str, **options: Any) -> Rule:
    return Rule(HARBOR, path, f"{CLOUD}/{target}", tags, **options)


def _plan(*rules: Rule, **options: Any) -> Plan:
    return Plan("move", rules, Options(**options))


@pytest.mark.parametrize(
    ("path", "target", "destination", "flatten"),
    [
        ("shop/api", "shop/api", "", None),
        ("shop/api", "other/api", "other", None),
        ("shop/web/front", "mirror/front", "mirror", None),
        ("shop/web/front", "mirror/web/front", "mirror", 1),
        ("shop/web/front", "mirror/shop/web/front", "mirror", 0),
        ("shop/api", "mirror/{project}/{name}", "mirror", 0),
        ("a/b/c/d/e", "x/e", "x", None),
        ("a/b/c/d/e/f", "x/e/f", "x/e", None),
        ("shop/*", "shop", "", None),
        ("shop/*", "mirror", "mirror", 1),
        ("shop/web/*", "mirror", "mirror", 2),
        ("shop/*", "mirror/{name}", "mirror", None),
        ("shop/*", "mirror/{path}", "mirror", 0),
        ("shop/*", "m-{project}/{name}", "m-shop", None),
        ("shop/*", "{path}", "", None),
        ("*", "mirror", "mirror", 0),
        ("*", "mirror/{name}", "mirror", None),
    ],
)
def test_names_that_harbor_can_make(path: str, target: str, destination: str, flatten: int | None) -> None:
    plan = _plan(_rule(path, target))
    assert expressible(plan, HARBOR, NEW) == []
    draft = drafts(plan, HARBOR, NEW)[0]
    assert (draft.destination, draft.flatten, draft.direction, draft.remote) == (destination, flatten, "push", CLOUD)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("shop/api", "shop/renamed"),
        ("shop/*", "mirror/{name}-copy"),
        ("shop/*", "mirror/{name}/{project}"),
        ("*", "m-{project}/{name}"),
        ("a/b/c/d/*", "x"),
    ],
)
def test_names_that_harbor_cannot_make(path: str, target: str) -> None:
    plan = _plan(_rule(path, target))
    assert [reason.words for reason in expressible(plan, HARBOR, NEW)] == [
        f"Harbor cannot make the name {CLOUD}/{target} of {path}: it keeps a path's end and replaces its beginning"
    ]
    assert drafts(plan, HARBOR, NEW) == []


_PATHS = st.lists(st.sampled_from(["a", "b", "c", "shop"]), min_size=2, max_size=5).map("/".join)
_RULES = st.one_of(
    st.tuples(_PATHS, st.sampled_from(["x/{name}", "x/y/{path}", "{path}", "a/b", "x/c", "x/b/c"])),
    st.tuples(
        st.sampled_from(["*", "a/*", "a/b/*", "shop/*"]),
        st.sampled_from(["x", "x/y", "a", "x/{name}", "x/{path}", "{path}", "x-{project}/{name}", "{project}/{name}"]),
    ),
)


@given(_RULES, st.lists(_PATHS, max_size=8))
@example(("a/b/*", "x"), ["a/b", "a/b/c"])
def test_harbor_copies_what_our_own_engine_would(case: tuple[str, str], catalog: list[str]) -> None:
    path, target = case
    plan = _plan(_rule(path, target))
    found = drafts(plan, HARBOR, NEW)
    assert bool(found) is not bool(expressible(plan, HARBOR, NEW))
    if not found:
        return
    policy = policy_document(policies(plan, found, {CLOUD: 7})[0], NEW)
    rule = plan.rules[0]
    ours = {}
    for source in matching_repositories(rule, dict.fromkeys([*catalog, *([] if rule.is_pattern else [path])])):
        ours[source] = expand(rule, Repository(HARBOR, source), ["t"])[0].target.repository.path
    name = next((each["value"] for each in policy["filters"] if each["type"] == "name"), "**")
    known = dict.fromkeys([*catalog, *ours])
    theirs = {source: renamed(source, policy) for source in known if matches(name, source)}
    assert theirs == ours


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (_rule("shop/a", "x/a", DIGEST), "by tag, not by digest"),
        (_rule("shop/a", "x/a", "v1", target_references=("v2",)), "keeps the names of tags"),
        (_rule("shop/a", "x/a:other"), "keeps the names of tags"),
        (_rule("shop/a", "x/a", tags=TagSelection(regex="^v")), "regular expression"),
        (_rule("shop/a", "x/a", tags=TagSelection(semver=">=1")), "ranges of versions"),
        (_rule("shop/a", "x/a", tags=TagSelection(newest=3)), "newest tags"),
        (_rule("shop/a", "x/a", tags=TagSelection(include=("{a",))), "the glob {a"),
        (_rule("shop/a", "x/a", tags=TagSelection(include=("[ab]*", "c"))), r"the glob [ab]*"),
        (_rule("shop/a", "x/a", platforms=(Platform("linux", "amd64"),)), "all platforms"),
        (Rule(CLOUD, "a/b", f"{HARBOR}/a/b", tags=TagSelection(labels=("l",))), "labels of its own images"),
        (_rule("shop/a", "x/a", tags=TagSelection(exclude_labels=("l", "m"))), "all of the labels"),
        (Rule("other.example", "a/b", f"{CLOUD}/a/b"), "neither side"),
        (Rule(HARBOR, "a/b", f"{HARBOR}/c/b"), "within one Harbor"),
    ],
)
def test_what_harbor_cannot_choose(rule: Rule, words: str) -> None:
    reasons = expressible(_plan(rule), HARBOR, NEW)
    assert len(reasons) == 1
    assert words in reasons[0].words
    assert in_chinese(reasons[0].words)
    assert reasons[0].rule == rule


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on_conflict": "fail"}, "cannot fail there"),
        ({"on_drift": "fail"}, "when its turn comes"),
        ({"referrers": False}, "always copies signatures"),
        ({"force": True}, "does not copy again"),
        ({"limit_rate": 1}, "not of all together"),
    ],
)
def test_options_that_harbor_does_not_have(options: dict[str, Any], words: str) -> None:
    reasons = expressible(_plan(_rule("shop/a", "x/a"), **options), HARBOR, NEW)
    assert [reason.rule for reason in reasons] == [None]
    assert words in reasons[0].words


@pytest.mark.parametrize(
    ("tags", "chosen", "filters"),
    [
        ((), TagSelection(), [("?*", False)]),
        (("v1",), TagSelection(), [("v1", False)]),
        (("v1", "v2"), TagSelection(), [("{v1,v2}", False)]),
        ((), TagSelection(include=("1.*", "2.*"), exclude=("*-rc*",)), [("{1.*,2.*}", False), ("*-rc*", True)]),
        ((), TagSelection(include=("v[0-9]",)), [("v[0-9]", False)]),
        ((), TagSelection(exclude=("a", "b")), [("?*", False), ("{a,b}", True)]),
    ],
)
def test_tags(tags: tuple[str, ...], chosen: TagSelection, filters: list[tuple[str, bool]]) -> None:
    draft = drafts(_plan(_rule("shop/a", "x/a", *tags, tags=chosen)), HARBOR, NEW)[0]
    assert [(each.values[0], each.excludes) for each in draft.filters if each.kind == "tag"] == filters
    assert draft.filters[0] == Filter("name", ("shop/a",))


def test_a_template_tag_that_is_the_tag() -> None:
    assert expressible(_plan(_rule("shop/a", "x/a:{tag}"), _rule("shop/a", "x/a:v1", "v1")), HARBOR, NEW) == []


def test_older_versions_can_less() -> None:
    excluding = _plan(_rule("shop/a", "x/a", tags=TagSelection(exclude=("a",))))
    keeping = _plan(_rule("shop/*", "x"))
    for version in (OLD, OLDEST):
        assert "from 2.2 on" in expressible(excluding, HARBOR, version)[0].words
        assert "from 2.3 on" in expressible(keeping, HARBOR, version)[0].words
    assert expressible(_plan(_rule("shop/*", "x/{name}")), HARBOR, OLDEST) == []


def test_the_other_way_round_it_pulls() -> None:
    plan = _plan(Rule("docker.io", "library/nginx", f"{HARBOR}/mirror/nginx", ("1.27",)))
    draft = drafts(plan, HARBOR, NEW)[0]
    assert (draft.direction, draft.remote) == ("pull", "docker.io")


def test_policies_are_found_again_by_their_names() -> None:
    plan = _plan(_rule("shop/a", "x/a"), _rule("shop/b", "x/b"), on_conflict="skip")
    made = policies(plan, drafts(plan, HARBOR, NEW), {CLOUD: 7}, speed=100, by_chunk=True)
    assert [each.name for each in made] == ["regferry move 1", "regferry move 2"]
    assert {(each.registry, each.override, each.deletion, each.speed, each.by_chunk) for each in made} == {
        (7, False, False, 100, True)
    }


def test_a_policy_for_what_failed() -> None:
    policy = Policy("p", 7, filters=(Filter("name", ("**",)), Filter("tag", ("v*",))), destination="x", flatten=1)
    narrow = narrowed(policy, ["shop/a", "shop/b", "shop/web/c", "shop/a"])
    assert [(each.name, each.filters) for each in narrow] == [
        ("p retry 1", (Filter("name", ("shop/{a,b}",)), Filter("tag", ("v*",)))),
        ("p retry 2", (Filter("name", ("shop/web/c",)), Filter("tag", ("v*",)))),
    ]
    assert narrowed(narrow[0], ["shop/a"])[0].name == "p retry"
    assert {(each.destination, each.flatten, each.trigger) for each in narrow} == {("x", 1, Trigger())}


def test_a_policy_in_json_and_back() -> None:
    policy = Policy(
        "p",
        7,
        "pull",
        filters=(Filter("name", ("a/**",)), Filter("tag", ("x",), True), Filter("label", ("l", "m"))),
        destination="a/b",
        flatten=2,
        trigger=Trigger("scheduled", "0 30 3 * * *"),
        speed=9,
        by_chunk=True,
        single=True,
    )
    document = policy_document(policy, NEW)
    assert document["src_registry"] == {"id": 7}
    assert "dest_registry" not in document
    assert "replicate_deletion" not in document
    assert policy_of({**document, "id": 3, "dest_registry": {"id": 0}}) == replace(policy, id=3)


def test_the_oldest_gets_only_what_it_knows() -> None:
    policy = Policy("p", 7, filters=(Filter("tag", ("x",)), Filter("label", ("l",))), destination="a")
    assert policy_document(policy, OLDEST) == {
        "name": "p",
        "description": "",
        "filters": [{"type": "tag", "value": "x"}, {"type": "label", "value": "l"}],
        "dest_namespace": "a",
        "trigger": {"type": "manual"},
        "deletion": False,
        "override": True,
        "enabled": True,
        "dest_registry": {"id": 7},
    }


@pytest.mark.parametrize(
    ("changes", "version", "words"),
    [
        ({"filters": (Filter("tag", ("x",), True),)}, OLD, "leave out tags"),
        ({"destination": "a", "flatten": 1}, OLD, "below another namespace"),
        ({"speed": 1}, Version(2, 3), "limit the speed"),
        ({"by_chunk": True}, Version(2, 6), "in chunks"),
        ({"single": True}, Version(2, 13), "while another runs"),
        ({"trigger": Trigger("scheduled", "30 3 * * *")}, NEW, "no schedule"),
        ({"trigger": Trigger("scheduled", "5 30 3 * * *")}, NEW, "no schedule"),
        ({"trigger": Trigger("scheduled", "0 * 3 * * *")}, NEW, "no schedule"),
        ({"trigger": Trigger("event_based"), "direction": "pull"}, NEW, "pull on events"),
    ],
)
def test_what_a_version_would_leave_out_in_silence(changes: dict[str, Any], version: Version, words: str) -> None:
    with pytest.raises(PolicyRefused, match=words):
        policy_document(replace(Policy("p", 7), **changes), version)


def test_registries_in_json() -> None:
    spec = RegistrySpec("n", "docker-registry", "https://r", "user", "secret", ca_certificate="PEM")
    assert "secret" not in repr(spec)
    assert registry_document(spec, Version(2, 15))["ca_certificate"] == "PEM"
    with pytest.raises(PolicyRefused, match="trust a CA"):
        registry_document(spec, NEW)
    assert "credential" not in registry_document(RegistrySpec("n", "docker-hub", "https://hub.docker.com"), NEW)
    for name in ("", "n" * 65):
        with pytest.raises(PolicyRefused, match="1 to 64"):
            registry_document(replace(spec, name=name), NEW)
