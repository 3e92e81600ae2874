"""A plan in Harbor's terms: a policy for each rule, or the reasons why there is none.

A rule that Harbor cannot express is not bent into one that copies something else: our own engine is there for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui.oci.saying import N_, filled
from tui.plan.model import ArtifactSelection, Options, Plan, RepositorySelection, Rule
from tui.plan.naming import fields_of, split_template
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.documents import FLATTENING
from tui.providers.harbor.replication.filters import label_filters, tag_filters
from tui.providers.harbor.replication.model import Direction, Filter, Policy

_RETRY = " retry"
_MOST_FLATTENED = 3
"""Parts of a path that Harbor's own pages let one replace."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why Harbor cannot do what a rule says (None: what the whole plan says). A template and its values."""

    rule: Rule | None
    sentence: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The reason as a sentence."""
        return filled(self.sentence, self.values)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rule becomes: a policy without its registry, and the registry at the other side (host and port)."""

    rule: Rule
    remote: str
    direction: Direction
    filters: tuple[Filter, ...]
    destination: str
    flatten: int | None
    override: bool


def expressible(plan: Plan, harbor: str, version: Version) -> list[Reason]:
    """Return why the Harbor at `harbor` (host and port) cannot carry out the plan; an empty list when it can."""
    reasons = _of_options(plan.options)
    for rule in plan.rules:
        reasons += _read(rule, harbor, version, plan.options)[1]
    return reasons


def drafts(plan: Plan, harbor: str, version: Version) -> list[Draft]:
    """Return what Harbor can carry out of the plan: every rule without a reason against it, in order."""
    read = (_read(rule, harbor, version, plan.options)[0] for rule in plan.rules)
    return [draft for draft in read if draft is not None]


def policies(
    plan: Plan,
    drafted: Sequence[Draft],
    registries: Mapping[str, int],
    *,
    speed: int = 0,
    by_chunk: bool = False,
    name: str = "",
) -> list[Policy]:
    """Return the policies for drafts; `registries` are Harbor's ids of the remote ones by host and port.

    They are named after the plan, so that the same plan finds its policies again. Speed is in KiB a second per task.
    """
    base = name or f"regferry {plan.name}"[:200]
    return [
        Policy(
            name=base if len(drafted) == 1 else f"{base} {number}",
            registry=registries[draft.remote],
            direction=draft.direction,
            description=f"made by regferry for the rule {draft.rule}"[:1000],
            filters=draft.filters,
            destination=draft.destination,
            flatten=draft.flatten,
            override=draft.override,
            speed=speed,
            by_chunk=by_chunk,
        )
        for number, draft in enumerate(drafted, 1)
    ]


def narrowed(policy: Policy, repositories: Sequence[str]) -> list[Policy]:
    """Return policies that copy only these source repositories of a policy: what its failed tasks were about.

    Repositories with equally long paths that differ in the last part share one; each has a name of its own.
    """
    groups: dict[str, list[str]] = {}
    for path in dict.fromkeys(repositories):
        folder, _, last = path.rpartition("/")
        groups.setdefault(folder, []).append(last)
    others = tuple(each for each in policy.filters if each.kind != "name")
    base = policy.name.partition(_RETRY)[0]
    found: list[Policy] = []
    for number, (folder, names) in enumerate(groups.items(), 1):
        last = names[0] if len(names) == 1 else "{" + ",".join(names) + "}"
        name = f"{base}{_RETRY}" if len(groups) == 1 else f"{base}{_RETRY} {number}"
        pattern = f"{folder}/{last}" if folder else last
        found.append(
            Policy(
                name=name,
                registry=policy.registry,
                direction=policy.direction,
                description=policy.description,
                filters=(Filter("name", (pattern,)), *others),
                destination=policy.destination,
                flatten=policy.flatten,
                override=policy.override,
                speed=policy.speed,
                by_chunk=policy.by_chunk,
            )
        )
    return found


def _of_options(options: Options) -> list[Reason]:
    found: list[Reason] = []
    if options.on_conflict == "fail":
        found.append(Reason(None, N_("Harbor overwrites tags with other content or skips them: it cannot fail there")))
    if options.on_conflict == "backup" or options.order != "any":
        found.append(Reason(None, N_("Harbor writes tags in no order, and keeps nothing of what it overwrites")))
    if options.on_drift == "fail":
        found.append(Reason(None, N_("Harbor copies a tag as it is when its turn comes: it cannot fail there")))
    if not options.referrers:
        found.append(Reason(None, N_("Harbor always copies signatures and what else is attached")))
    if options.force:
        found.append(Reason(None, N_("Harbor does not copy again what is there already")))
    if options.limit_rate or options.limit_requests:
        found.append(Reason(None, N_("Harbor limits the speed of each of its tasks, not of all together")))
    return found


def _read(rule: Rule, harbor: str, version: Version, options: Options) -> tuple[Draft | None, list[Reason]]:
    """Return what a rule becomes and nothing, or nothing and every reason against it."""
    reasons: list[Reason] = []

    def no(sentence: str, **values: str) -> None:
        reasons.append(Reason(rule, sentence, values))

    template, template_tag = split_template(rule.target)
    target_registry, _, target_path = _filled(template, rule).partition("/")
    remote = target_registry if rule.source_registry == harbor else rule.source_registry
    direction: Direction = "push" if rule.source_registry == harbor else "pull"
    if harbor not in (rule.source_registry, target_registry):
        no(N_("neither side of {rule} is the Harbor at {harbor}"), rule=str(rule), harbor=harbor)
    elif rule.source_registry == target_registry:
        no(N_("{rule} copies within one Harbor, which it does not replicate"), rule=str(rule))
    if rule.platforms:
        no(N_("Harbor copies all platforms of an image and cannot choose some"))
    placed = _placed(rule, target_path)
    if placed is None:
        no(
            N_("Harbor cannot make the name {target} of {source}: it keeps a path's end and replaces its beginning"),
            target=rule.target,
            source=rule.source_path,
        )
    elif placed[1] and version < FLATTENING:
        no(N_("Harbor keeps a part of a path below another namespace from {since} on"), since=str(FLATTENING))
    filters, against = tag_filters(rule, template_tag, version)
    labels, more = label_filters(rule.tags, direction, version)
    filters, against = (*filters, *labels), [*against, *more]
    if rule.repositories != RepositorySelection():
        no(N_("Harbor chooses the repositories of a project by one glob"))
    if rule.artifacts != ArtifactSelection():
        no(N_("Harbor does not choose kinds of artifact"))
    reasons += [Reason(rule, sentence, {**values}) for sentence, values in against]
    if reasons or placed is None:
        return None, reasons
    name = (Filter("name", (_name_pattern(rule, direction),)),) if rule.source_path != "*" else ()
    destination, flatten = placed
    return (
        Draft(rule, remote, direction, (*name, *filters), destination, flatten, options.on_conflict == "overwrite"),
        [],
    )


def _name_pattern(rule: Rule, direction: Direction) -> str:
    """Return the glob for what a rule names. `a/b/**` would take the repository `a/b` as well."""
    if not rule.is_pattern:
        return rule.source_path
    # At Harbor itself nothing has the name of a project, and the short form finds the project without a search.
    is_project = direction == "push" and rule.source_path.count("/") == 1
    return f"{rule.source_path}*" if is_project else f"{rule.source_path}*/*"


def _filled(template: str, rule: Rule) -> str:
    """Return a template with the fields that are the same for everything the rule names."""
    path = rule.source_path
    known = {"registry": rule.source_registry}
    if not rule.is_pattern:
        known |= {"project": path.partition("/")[0], "path": path, "name": path.rpartition("/")[2]}
    elif path != "*":
        known["project"] = path.partition("/")[0]
    for name, value in known.items():
        template = template.replace("{" + name + "}", value)
    return template


def _placed(rule: Rule, target: str) -> tuple[str, int | None] | None:
    """Return the namespace and how many parts of the source path it replaces, None where no such pair does it."""
    if not rule.is_pattern:
        return _placed_path(rule.source_path, target)
    project = rule.source_path.removesuffix("*").strip("/")
    depth = project.count("/") + 1 if project else 0
    fields = fields_of(target)
    if not fields:
        # A plain target keeps the path below the project.
        if target.rstrip("/") == project:
            return "", None
        return (target.rstrip("/"), depth) if depth <= _MOST_FLATTENED else None
    namespace, _, last = target.rpartition("/")
    if len(fields) > 1 or last not in ("{path}", "{name}") or "{" in namespace:
        return None
    if last == "{name}":
        return (namespace, None) if namespace else None
    return (namespace, 0) if namespace else ("", None)


def _placed_path(source: str, target: str) -> tuple[str, int | None] | None:
    if "{" in target:
        return None
    if source == target:
        return "", None
    parts = source.split("/")
    for count in range(min(len(parts) - 1, _MOST_FLATTENED) + 1):
        kept = "/".join(parts[count:])
        namespace = target.removesuffix(kept)
        if namespace != target and namespace.endswith("/"):
            # All but the last part replaced is what every version can do.
            return namespace.rstrip("/"), None if count == len(parts) - 1 else count
    # Longer paths: all but the last part replaced.
    namespace, _, last = target.rpartition("/")
    return (namespace, None) if namespace and last == parts[-1] else None
