"""From a rule to pairs of references: which repositories, which tags, and their names at the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tui.oci.reference import Reference, Repository, is_digest, is_repository, is_tag
from tui.oci.saying import N_, phrase
from tui.plan import naming
from tui.plan.artifacts import ArtifactError, check_artifacts
from tui.plan.attached import is_attached
from tui.plan.errors import RuleError
from tui.plan.model import RepositorySelection, Rule, TagSelection
from tui.plan.selection import (
    Funnel,
    SelectionError,
    check_repositories,
    check_selection,
    matching_paths,
    narrow,
)

__all__ = [
    "Funnel",
    "Pair",
    "attached_pairs",
    "check",
    "chosen_repositories",
    "clashes",
    "expand",
    "matching_repositories",
    "narrow",
    "pairs_of",
    "takes",
    "template_of",
]


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """One thing to copy: where it is and where it goes."""

    source: Reference
    target: Reference


def matching_repositories(rule: Rule, catalog: Iterable[str]) -> list[str]:
    """Return the repository paths the rule names, each once, in the order of the catalog.

    A rule that names one repository does not look at the catalog. Entries that are not repository paths are
    left out: they come from a registry and would end up in request paths.
    """
    if not rule.is_pattern:
        return [rule.source_path]
    project = rule.source_path[:-1]
    return [path for path in dict.fromkeys(catalog) if path.startswith(project) and is_repository(path)]


def chosen_repositories(rule: Rule, paths: Sequence[str]) -> list[str]:
    """Return those of the paths a rule names that its choice of repositories takes. Raises RuleError."""
    try:
        return matching_paths(rule.repositories, paths)
    except SelectionError as error:
        raise RuleError(str(error), rule.origin, N_("correct the rule")) from error


def takes(rule: Rule, path: str) -> bool:
    """Return whether a repository is one that the rule names and chooses. Raises RuleError."""
    return path in matching_repositories(rule, [path]) and bool(chosen_repositories(rule, [path]))


def expand(rule: Rule, repository: Repository, listed: Sequence[str]) -> list[Pair]:
    """Return what to copy from `repository`, in order, for a selection by names alone.

    `listed` are its tags; they are not looked at when the rule names its own. Raises RuleError as `pairs_of` does.
    """
    try:
        return pairs_of(rule, repository, rule.references or narrow(rule.tags, listed).tags)
    except SelectionError as error:
        raise RuleError(str(error), rule.origin, N_("correct the rule")) from error


def pairs_of(rule: Rule, repository: Repository, sources: Sequence[str]) -> list[Pair]:
    """Return where each of `sources`, tags and digests of `repository`, goes, in order.

    What is attached to another manifest keeps its name, which is that of the manifest's digest. Raises RuleError when
    sources and names at the target differ in number, a name is not a reference, or a digest would change.
    """
    template = template_of(rule, repository)
    if rule.references or not (naming.split_template(template)[1] or rule.target_references):
        return _pairs(rule, repository, sources, template)
    own = [source for source in sources if not is_attached(source)]
    attached = [source for source in sources if is_attached(source)]
    return [*_pairs(rule, repository, own, template), *attached_pairs(rule, repository, attached)]


def attached_pairs(rule: Rule, repository: Repository, tags: Sequence[str]) -> list[Pair]:
    """Return where tags go that are about other manifests: beside them, under the same names. Raises RuleError."""
    plain = replace(rule, target=naming.split_template(rule.target)[0], references=(), target_references=())
    return _pairs(plain, repository, tags, template_of(plain, repository))


def _pairs(rule: Rule, repository: Repository, sources: Sequence[str], template: str) -> list[Pair]:
    try:
        names = _names(rule, template, sources)
        base, _ = naming.split_template(template)
        pairs = []
        for source, name in zip(sources, names, strict=True):
            target = naming.render_target(template if name is None else base, repository, source)
            pairs.append(
                Pair(
                    _at(repository, source, rule),
                    target if name is None else _at(target.repository, name, rule),
                )
            )
    except naming.TemplateError as error:
        raise RuleError(str(error), rule.origin, N_("correct the rule")) from error
    for pair in pairs:
        if pair.source.digest and pair.target.digest and pair.source.digest != pair.target.digest:
            raise RuleError(
                phrase(
                    "{rule}: the digest at the target is not the one at the source, {digest}",
                    rule=rule,
                    digest=pair.source.digest,
                ),
                rule.origin,
                N_("content keeps its digest when it is copied; name the same digest or a tag at the target"),
            )
    return pairs


def check(rule: Rule) -> None:
    """Raise RuleError for everything that is wrong with the rule whatever the registry lists."""
    if rule.is_pattern and (rule.references or rule.target_references):
        raise RuleError(
            phrase("{rule}: many repositories cannot share one list of tags", rule=rule),
            rule.origin,
            N_("use a tag selection"),
        )
    if not rule.is_pattern and rule.repositories != RepositorySelection():
        raise RuleError(
            phrase("{rule}: repositories are chosen where one is named", rule=rule),
            rule.origin,
            phrase(
                "write {registry}/* as the source, or leave out 'repositories'",
                registry=rule.source_path.partition("/")[0],
            ),
        )
    if rule.references and rule.tags != TagSelection():
        raise RuleError(
            phrase("{rule}: tags are both named and selected", rule=rule), rule.origin, N_("leave out one of the two")
        )
    path = rule.source_path.removesuffix("*").removesuffix("/") if rule.is_pattern else rule.source_path
    if not is_repository(path) and rule.source_path != "*":
        expected = N_("a repository path, 'project/*' or '*'")
        raise RuleError(
            phrase("{source_path!r} is not {expected}", source_path=rule.source_path, expected=expected),
            rule.origin,
            phrase("write {expected}", expected=expected),
        )
    if rule.is_pattern and rule.source_path not in ("*", f"{path}/*"):
        raise RuleError(
            phrase("{source_path!r}: '*' stands for whole repositories", source_path=rule.source_path),
            rule.origin,
            phrase("did you mean '{path}/*'?", path=path),
        )
    sample = Repository(rule.source_registry, f"{path}/name" if path else "name") if rule.is_pattern else rule.source
    try:
        naming.check_template(template_of(rule, sample))
        check_selection(rule.tags)
        check_repositories(rule.repositories)
        check_artifacts(rule.artifacts)
    except (SelectionError, ArtifactError, naming.TemplateError) as error:
        raise RuleError(str(error), rule.origin, N_("correct the rule")) from error
    if rule.references:
        expand(rule, sample, ())


def clashes(pairs: Iterable[Pair]) -> list[tuple[Pair, Pair]]:
    """Return pairs that write the same tag from different sources, such as two repositories made one."""
    first: dict[Reference, Pair] = {}
    return [
        (first[pair.target], pair)
        for pair in pairs
        if first.setdefault(pair.target, pair).source != pair.source and not pair.target.digest
    ]


def template_of(rule: Rule, repository: Repository) -> str:
    """Return the rule's template; a plain target of a pattern keeps the path below the project."""
    name, _ = naming.split_template(rule.target)
    if not rule.is_pattern or naming.fields_of(name):
        return rule.target
    return naming.below(rule.target, repository.path.removeprefix(rule.source_path[:-1]))


def _names(rule: Rule, template: str, sources: Sequence[str]) -> Sequence[str | None]:
    """Return the name each source gets at the target, None where the template makes it."""
    _, tag = naming.split_template(template)
    named = rule.target_references or ((tag,) if tag and not naming.fields_of(tag) else ())
    if named and len(named) != len(sources):
        raise RuleError(
            phrase(
                "{rule}: {count} at the source but {other} at the target",
                rule=rule,
                count=len(sources),
                other=len(named),
            ),
            rule.origin,
            N_("name as many tags at the target as the source has, or none to keep their names"),
        )
    return named or (None,) * len(sources)


def _at(repository: Repository, name: str, rule: Rule) -> Reference:
    if not is_tag(name) and not is_digest(name):
        raise RuleError(
            phrase("{rule}: {name!r} is neither a tag nor a digest", rule=rule, name=name),
            rule.origin,
            N_("correct the name"),
        )
    return Reference(repository).with_target(name)
