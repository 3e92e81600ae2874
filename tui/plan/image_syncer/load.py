"""image-syncer's files: the combined one of every version, and the split ones (logins, rules) since 1.2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.oci.saying import N_, phrase
from tui.plan.document import read_document
from tui.plan.errors import RuleError
from tui.plan.image_syncer.auth import read_auth
from tui.plan.image_syncer.rules import DefaultTarget, RuleReader
from tui.plan.imported import AuthBook, Hazard, Imported, distinct
from tui.plan.model import Plan
from tui.plan.nodes import Document, Node

COMBINED_KEYS = ("auth", "images")


def load(
    config: Path | None,
    auth: Path | None,
    images: Path | None,
    *,
    registry: str = "",
    namespace: str = "",
    environ: Mapping[str, str],
) -> Imported:
    """Return the plan, the logins and the warnings of image-syncer's files.

    `config` is a combined file, and then the others are left alone; `images` the rules and `auth` the logins of
    split files. `registry` and `namespace` are where rules without a destination go. The plan is named after the
    file of the rules. Raises PlanFileError with the place, RuleError when no rules or a wrong default target are
    given; nothing is half-applied.
    """
    default = DefaultTarget(registry, namespace)
    if config is not None:
        ignored = [path for path in (auth, images) if path is not None]
        return load_combined(read_document(config), default, environ, ignored)
    if images is None:
        raise RuleError(
            N_("no file with rules is given"), hint=N_("give --config FILE, or --images FILE and --auth FILE")
        )
    book = AuthBook()
    hazards: list[Hazard] = []
    if auth is not None:
        logins = read_document(auth)
        book, hazards = read_auth(logins, logins.root, environ)
    document = read_document(images)
    return _imported(RuleReader(document, environ, default, book, hazards=hazards), document.root)


def load_combined(
    document: Document, default: DefaultTarget, environ: Mapping[str, str], ignored: list[Path]
) -> Imported:
    """Return what a combined file says; its logins are literal, without the environment. Raises PlanFileError."""
    expected = N_("the keys 'auth' and 'images'")
    document.mapping(document.root, expected)
    rules, logins = document.root.get("images"), document.root.get("auth")
    if rules is None:
        hint = N_("a file of rules alone is given with --images")
        raise document.error(document.root, N_("no 'images'"), expected, hint)
    book, hazards = read_auth(document, logins, None) if logins is not None else (AuthBook(), [])
    for key, hint in document.unknown(document.root, COMBINED_KEYS):
        hazards.append(
            Hazard(
                "unknown-key",
                phrase("{text!r} means nothing and is left out", text=key.text),
                document.origin(key),
                hint,
            )
        )
    for path in ignored:
        hazards.append(
            Hazard(
                "ignored-file",
                phrase(
                    "{name} is not read, because {path_name} has it all", name=path.name, path_name=document.path.name
                ),
            )
        )
    return _imported(RuleReader(document, environ, default, book, old_form=bool(default), hazards=hazards), rules)


def _imported(reader: RuleReader, rules: Node) -> Imported:
    plan = Plan(reader.document.path.stem, reader.read(rules))
    message = N_(
        "image-syncer rewrites multi-platform lists, so that their digests differ from the source; "
        "those it has copied before are copied once more, with the digest of the source"
    )
    once = Hazard("index-digest", message, reader.document.path.name)
    return Imported(plan, reader.book, distinct((*reader.hazards, once)))
