"""Plans as hypothesis makes them: everything a plan may say, and nothing a check would refuse."""

from __future__ import annotations

from hypothesis import strategies as st

from tui.plan.artifacts import KINDS
from tui.plan.model import ArtifactSelection, Options, Plan, Platform, RepositorySelection, Rule, TagSelection

REGISTRIES = st.sampled_from(["harbor.example.com", "localhost:5000", "127.0.0.1:5001", "docker.io", "[::1]:5000"])
COMPONENTS = st.builds(
    str.join,
    st.sampled_from([".", "_", "__", "-", "---"]),
    st.lists(st.text("abz09", min_size=1, max_size=5), min_size=1, max_size=3),
)
TAGS = st.builds(str.__add__, st.sampled_from("aZ0_"), st.text("abZ09_.-", max_size=20))
DIGESTS = st.integers(0, 16**64 - 1).map("sha256:{:064x}".format)
WORDS = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)
GLOBS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def paths(draw: st.DrawFn, least: int = 2) -> str:
    return "/".join(draw(st.lists(COMPONENTS, min_size=least, max_size=4)))


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    os, architecture = draw(st.one_of(st.just(""), WORDS)), draw(st.one_of(st.just(""), WORDS))
    return Platform(os, architecture, draw(st.one_of(st.just(""), WORDS)), draw(st.one_of(st.just(""), WORDS)))


@st.composite
def selections(draw: st.DrawFn) -> TagSelection:
    return TagSelection(
        tuple(draw(st.lists(GLOBS, max_size=3))),
        tuple(draw(st.lists(GLOBS, max_size=3))),
        draw(st.sampled_from(["", r"^v1\.", "a+", '"quoted" \\Qx\\E', "(?i)RC"])),
        draw(st.sampled_from(["", ">=1.20", "^1.2", ">=1.20 <2"])),
        newest := draw(st.none() | st.integers(1, 99)),
        draw(st.sampled_from(["", "-rc", "^sha256-"])),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        draw(st.sampled_from(["", "90d", "12h", "2026-01-31", "2026-01-31T08:00:00+08:00"])),
        draw(st.sampled_from(["version", "time"])) if newest else "version",
    )


@st.composite
def repository_selections(draw: st.DrawFn) -> RepositorySelection:
    globs = st.lists(GLOBS, max_size=2).map(tuple)
    return RepositorySelection(draw(globs), draw(globs), draw(st.sampled_from(["", "^team/"])))


@st.composite
def artifact_selections(draw: st.DrawFn) -> ArtifactSelection:
    words = st.lists(st.sampled_from([*KINDS, "application/vnd.*", "text/spdx"]), max_size=2).map(tuple)
    return ArtifactSelection(draw(words), draw(words))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    pattern = draw(st.booleans())
    path = draw(st.sampled_from(["*", f"{draw(COMPONENTS)}/*"])) if pattern else draw(paths())
    target = f"{draw(REGISTRIES)}/{draw(paths())}"
    if pattern:
        target += draw(st.sampled_from(["", "/{name}", "/{path}", "/{name}:{tag}-old", ":{tag}-x"]))
    references: list[str] = [] if pattern else draw(st.lists(TAGS, max_size=3))
    named = draw(st.booleans()) and references
    return Rule(
        draw(REGISTRIES),
        path,
        target,
        tuple(references),
        tuple(draw(st.lists(TAGS, min_size=len(references), max_size=len(references)))) if named else (),
        TagSelection() if references else draw(selections()),
        tuple(draw(st.lists(platforms(), max_size=2))),
        draw(repository_selections()) if pattern else RepositorySelection(),
        draw(artifact_selections()),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    options = Options(
        draw(st.integers(1, 99)),
        draw(st.integers(0, 99)),
        draw(st.sampled_from(["overwrite", "skip", "fail", "backup"])),
        draw(st.booleans()),
        draw(st.booleans()),
        backup=draw(st.sampled_from(["{tag}-before-{date}", "{digest}", "old-{tag}-{time}"])),
        order=draw(st.sampled_from(["any", "oldest-first", "version"])),
    )
    return Plan(draw(TEXTS), tuple(draw(st.lists(rules(), max_size=3))), options)
