"""The YAML files of `skopeo sync --src yaml` as plans (skopeo-sync(1), "YAML file content").

Such a file names no destination: it stands on skopeo's command line.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui.oci.reference import InvalidReference, Repository, split_registry
from tui.oci.saying import N_, phrase
from tui.plan.errors import RuleError
from tui.plan.expand import check
from tui.plan.imported import AuthBook, AuthEntry, Hazard, HazardCode, Imported, distinct
from tui.plan.model import Plan, Rule, TagSelection
from tui.plan.nodes import Document, Node
from tui.plan.selection import SelectionError, check_selection

IMAGES, BY_REGEX, BY_VERSION = "images", "images-by-tag-regex", "images-by-semver"
LISTS = (IMAGES, BY_REGEX, BY_VERSION)
_KEYS = (*LISTS, "credentials", "tls-verify", "cert-dir")
_CREDENTIALS = ("username", "password")


def is_skopeo_sync(root: Node) -> bool:
    """Return whether a document looks like one of skopeo sync: lists of images by registry."""
    values = [value for _, value in root.entries if value.kind == "mapping"]
    return len(values) == len(root.entries) > 0 and any(set(value.keys()) & set(LISTS) for value in values)


def read_skopeo_sync(document: Document, destination: str, *, scoped: bool = False) -> Imported:
    """Return the plan of a file, copying to `destination` (`registry[/path]`), with `scoped` as skopeo's flag.

    Without `scoped` only the last part of a repository's path goes below the destination, as in skopeo.
    Raises PlanFileError.
    """
    if not destination:
        hint = N_("give --registry, and --namespace for a path below it")
        raise document.error(document.root, N_("no destination, which skopeo has on its command line"), "one", hint)
    reader = _Reader(document, f"{destination.rstrip('/')}/{'{registry}/{path}' if scoped else '{name}'}")
    rules = tuple(
        rule
        for key, value in document.mapping(document.root, N_("images by registry"))
        for rule in reader.registry(key, value)
    )
    message = N_("skopeo copies this machine's platform of a list unless it is called with --all; a plan copies all")
    reader.warn("one-platform", document.root, message, N_("add platforms to the rules to copy fewer"))
    return Imported(Plan(document.path.stem, rules), AuthBook(tuple(reader.logins)), distinct(reader.hazards))


class _Reader:
    def __init__(self, document: Document, target: str) -> None:
        self.document = document
        self.target = target
        self.logins: list[AuthEntry] = []
        self.hazards: list[Hazard] = []

    def registry(self, key: Node, value: Node) -> Iterator[Rule]:
        self.document.mapping(value, phrase("a mapping with {names}", names=", ".join(LISTS)))
        for name, hint in self.document.unknown(value, _KEYS):
            self.warn("unknown-key", name, phrase("{text!r} means nothing and is left out", text=name.text), hint)
        if (folder := value.get("cert-dir")) is not None:
            message = phrase("the certificates of {text} are not part of a plan", text=key.text)
            self.warn(
                "option-left-out",
                folder,
                message,
                phrase("put them into certs.d/{text}, or into the endpoint", text=key.text),
            )
        self.login(key, value)
        for kind in LISTS:
            for image, what in self.images(value, kind):
                references, tags = self.selection(kind, what)
                try:
                    check_selection(tags)
                except SelectionError as error:
                    message = phrase(
                        "{text}/{image_text} is left out: {error}", text=key.text, image_text=image.text, error=error
                    )
                    self.warn("not-expressible", what, message, N_("write a rule for it by hand"))
                else:
                    yield self.rule(key, image, references, tags)

    def images(self, value: Node, name: str) -> list[tuple[Node, Node]]:
        node = value.get(name)
        if node is None or node.kind == "null":
            return []
        return list(self.document.mapping(node, phrase("repositories under {name}", name=name)))

    def selection(self, name: str, what: Node) -> tuple[tuple[str, ...], TagSelection]:
        if name == IMAGES:
            expected = N_("a list of tags and digests, [] for all")
            return tuple(item.text for item in self.document.texts(what, expected)), TagSelection()
        if name == BY_REGEX:
            return (), TagSelection(regex=self.required(what, N_("a regular expression")))
        return (), TagSelection(semver=self.required(what, N_("a range of versions like '>= 3.12.0'")))

    def required(self, node: Node, expected: str) -> str:
        text = self.document.text(node, expected)
        if not text:
            raise self.document.wrong_kind(node, expected)
        return text

    def rule(self, key: Node, image: Node, references: tuple[str, ...], tags: TagSelection) -> Rule:
        text = f"{key.text}/{image.text}"
        try:
            source = Repository.parse(text)
            if split_registry(text)[1] == text:
                raise InvalidReference(phrase("{text!r} is not a registry host", text=key.text))
            origin = self.document.origin(image)
            rule = Rule(source.registry, source.path, self.target, references, (), tags, origin=origin)
            check(rule)
        except InvalidReference as error:
            raise self.document.error(image, str(error), N_("a repository like library/nginx")) from None
        except RuleError as error:
            raise self.document.error(image, error.message, N_("a rule that can be carried out"), error.hint) from None
        return rule

    def login(self, key: Node, value: Node) -> None:
        credentials = value.get("credentials")
        username = password = ""
        if credentials is not None and credentials.kind != "null":
            self.document.mapping(credentials, N_("username and password"))
            for name, hint in self.document.unknown(credentials, _CREDENTIALS):
                message = phrase("the login for {text} has a key that means nothing and is left out", text=key.text)
                self.warn("unknown-key", name, message, hint)
            username, password = (self.document.text(credentials.get(name), N_("a text")) for name in _CREDENTIALS)
            if bool(username) != bool(password):
                message = phrase(
                    "the login for {text} has only a user name or only a password and is not used", text=key.text
                )
                self.warn("auth-incomplete", credentials, message, N_("give both"))
        insecure = self.document.flag(value.get("tls-verify")) is False
        if username or password or insecure:
            registry, _ = split_registry(f"{key.text}/name")
            self.logins.append(AuthEntry(registry, username, password, insecure))

    def warn(self, code: HazardCode, node: Node, message: str, hint: str = "") -> None:
        self.hazards.append(Hazard(code, message, self.document.origin(node), hint))
