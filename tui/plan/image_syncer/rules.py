"""image-syncer's rules: a mapping from a source to one destination or a list of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tui.oci.reference import InvalidReference, Repository, is_digest, split_registry
from tui.oci.saying import N_, phrase
from tui.plan import re2
from tui.plan.errors import RuleError
from tui.plan.expand import check
from tui.plan.image_syncer.environment import expand
from tui.plan.image_syncer.remarks import of_destination, of_source
from tui.plan.image_syncer.sides import Side, parse_side
from tui.plan.imported import AuthBook, Hazard, HazardCode
from tui.plan.model import Rule, TagSelection
from tui.plan.nodes import Document, Node

_EXPECTED = N_("rules like 'harbor.example.com/library/nginx: acr.example.com/mirror/nginx'")
_DESTINATION = N_("a destination like acr.example.com/mirror/nginx, or a list of them")


@dataclass(frozen=True, slots=True)
class DefaultTarget:
    """Where a rule with an empty destination goes: `--registry` and `--namespace` of image-syncer 1.0 to 1.4."""

    registry: str = ""
    namespace: str = ""

    def __post_init__(self) -> None:
        """Raise RuleError for a registry or namespace that cannot be part of a reference."""
        if not self.registry and not self.namespace:
            return
        registry = self.registry or "registry.example.com"
        hint = N_("like --registry registry.cn-hangzhou.aliyuncs.com --namespace my-namespace")
        try:
            read = Repository.parse(f"{registry}/{self.namespace or 'namespace'}/name")
        except InvalidReference as error:
            raise RuleError(phrase("the default target: {error}", error=error), hint=hint) from None
        if read.registry != split_registry(f"{registry}/name")[0] or not _names_a_host(registry):
            raise RuleError(
                phrase("the default target: {registry!r} is not a registry host", registry=registry), hint=hint
            )

    def __bool__(self) -> bool:
        return bool(self.registry and self.namespace)

    def of(self, source: Repository) -> str:
        """Return the target for a source: its first path part, the namespace, is replaced."""
        namespace, slash, name = source.path.partition("/")
        return f"{self.registry}/{self.namespace}/{name if slash else namespace}"


@dataclass
class RuleReader:
    """Reads the rules of one document; `hazards` grows while it does."""

    document: Document
    environ: Mapping[str, str]
    default: DefaultTarget
    book: AuthBook
    old_form: bool = False
    """Whether the file may be one of image-syncer 1.0, which takes `h.io/app` for a namespace of Docker Hub."""
    hazards: list[Hazard] = field(default_factory=list)

    def read(self, node: Node) -> tuple[Rule, ...]:
        """Return the rules in the order of the file. Raises PlanFileError."""
        entries = self.document.mapping(node, _EXPECTED)
        return tuple(rule for key, value in entries for rule in self._rules(key, value))

    def _rules(self, key: Node, value: Node) -> Iterator[Rule]:
        if not key.text:
            raise self.document.error(key, N_("an empty source"), N_("a source like harbor.example.com/library/nginx"))
        source = self._side(key, key.text)
        origin = self.document.origin(key)
        self.hazards += of_source(key.text, source, self.book, origin, old_form=self.old_form)
        for node, text in self._destinations(value):
            yield self._default_rule(key, source, node) if not text else self._rule(key, source, node, text)

    def _destinations(self, value: Node) -> list[tuple[Node, str]]:
        """Return the destinations, each text once; '' stands for the default target."""
        if value.kind not in ("string", "list"):
            raise self.document.wrong_kind(value, _DESTINATION)
        if value.kind == "string":
            if value.text or self.default:
                return [(value, value.text)]
            raise self._empty(
                value, N_("give --registry and --namespace, as in image-syncer 1.0, or write the destination")
            )
        found: dict[str, Node] = {}
        for item in value.items:
            if item.kind != "string":
                raise self.document.wrong_kind(item, _DESTINATION)
            if not item.text:
                raise self._empty(item, N_("write the destination, or remove the item"))
            found.setdefault(item.text, item)
        if not found:
            raise self.document.error(
                value, N_("an empty list"), _DESTINATION, N_("write the destination, or remove the rule")
            )
        return [(node, text) for text, node in found.items()]

    def _empty(self, node: Node, hint: str) -> Exception:
        return self.document.error(node, N_("an empty destination"), _DESTINATION, hint)

    def _default_rule(self, key: Node, source: Side, node: Node) -> Rule:
        if not any(hazard.code == "default-target" for hazard in self.hazards):
            where = f"{self.default.registry}/{self.default.namespace}"
            message = phrase(
                "rules without a destination go to {where}; the first part of their path is left out", where=where
            )
            self._warn("default-target", key, message)
        return self._checked(key, self._new(key, source, self.default.of(source.repository)))

    def _rule(self, key: Node, source: Side, node: Node, text: str) -> Rule:
        expansion = expand(text, self.environ)
        if expansion.names:
            what = ", ".join(expansion.names)
            message = phrase("the destination takes {what} from the environment as it is now", what=what)
            if expansion.unset:
                unset = ", ".join(expansion.unset)
                message = phrase("{words}; not set and empty: {names}", words=message, names=unset)
            self._warn("destination-environment", node, message)
        side = self._side(
            node, expansion.text, phrase("set {names}", names=", ".join(expansion.unset)) if expansion.unset else ""
        )
        self.hazards += of_destination(expansion.text, side, source, self.book, self.document.origin(node))
        names = side.references
        target = str(side.repository)
        if len(names) == 1 and not is_digest(names[0]):
            target, names = f"{target}:{names[0]}", ()
        rule = self._new(key, source, target, names, self._regex(node, source, side))
        return self._checked(key, rule)

    def _new(self, key: Node, source: Side, target: str, names: tuple[str, ...] = (), regex: str | None = None) -> Rule:
        return Rule(
            source.repository.registry,
            source.repository.path,
            target,
            source.references,
            names,
            TagSelection(regex=regex or source.regex or ""),
            origin=self.document.origin(key),
        )

    def _regex(self, node: Node, source: Side, side: Side) -> str | None:
        """Return the expression that a destination adds to the selection, None for none.

        image-syncer applies it to the tags of the source and then wants as many as before, so that it can only
        say what the source says already.
        """
        if side.regex is None:
            return None
        if source.references:
            kept = [name for name in source.references if _search(side.regex, name)]
            if len(kept) != len(source.references):
                found = phrase(
                    "{count} at the source but {other} at the destination",
                    count=len(source.references),
                    other=len(kept),
                )
                hint = N_("leave out the regular expression at the destination")
                raise self.document.error(node, found, N_("as many on both sides"), hint)
            return None
        if source.regex is None:
            message = N_("the regular expression at the destination selects the tags of the source")
            self._warn("destination-regex", node, message, N_("write it at the source"))
            return side.regex
        if source.regex != side.regex:
            hint = N_("write one regular expression, at the source")
            raise self.document.error(
                node, N_("another regular expression than at the source"), N_("the same or none"), hint
            )
        return None

    def _checked(self, key: Node, rule: Rule) -> Rule:
        try:
            check(rule)
        except RuleError as error:
            raise self.document.error(key, error.message, N_("a rule that can be carried out"), error.hint) from None
        return rule

    def _side(self, node: Node, text: str, hint: str = "") -> Side:
        try:
            side = parse_side(text)
            if side.regex:
                re2.compile(side.regex)
        except RuleError as error:
            expected = N_("a repository, with tags, a digest or an expression")
            raise self.document.error(node, error.message, expected, hint or error.hint) from None
        except re2.RegexError as error:
            raise self.document.error(
                node,
                phrase("the regular expression {regex!r} ({error})", regex=side.regex, error=error),
                N_("RE2 syntax"),
            ) from None
        return side

    def _warn(self, code: HazardCode, node: Node, message: str, hint: str = "") -> None:
        self.hazards.append(Hazard(code, message, self.document.origin(node), hint))


def _names_a_host(registry: str) -> bool:
    return split_registry(f"{registry}/name")[1] == "name"


def _search(regex: str, name: str) -> bool:
    return re2.compile(regex).search(name) is not None
