"""Any file with rules as a plan: it is recognised by what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.oci.saying import N_, phrase
from tui.plan.document import SUFFIXES, read_document
from tui.plan.dregsy import is_dregsy, read_dregsy
from tui.plan.errors import PlanFileError
from tui.plan.image_syncer.load import COMBINED_KEYS, load, load_combined
from tui.plan.image_syncer.rules import DefaultTarget
from tui.plan.imported import Imported
from tui.plan.nodes import Document, Node
from tui.plan.regsync import is_regsync, read_regsync
from tui.plan.skopeo_sync import is_skopeo_sync, read_skopeo_sync
from tui.plan.toml_file import load_plan

_EXPECTED = N_("a file of image-syncer, skopeo sync, regsync or dregsy, or a plan file (.toml)")


def detect_and_load(
    path: Path,
    *,
    auth: Path | None = None,
    registry: str = "",
    namespace: str = "",
    scoped: bool = False,
    environ: Mapping[str, str],
) -> Imported:
    """Return what a plan file, or a file of image-syncer, skopeo sync, regsync or dregsy says.

    `auth` are the logins beside image-syncer's file of rules. `registry` and `namespace` are where rules without
    a destination go; skopeo sync's file has none, and for it `namespace` may be empty and `scoped` is skopeo's flag.
    Raises PlanFileError with the place, RuleError for a wrong default target.
    """
    if path.suffix.lower() == ".toml":
        return Imported(load_plan(path))
    if path.suffix.lower() not in SUFFIXES and path.is_file():
        found = phrase("the ending '{suffix}'", suffix=path.suffix) if path.suffix else N_("no ending")
        raise PlanFileError(
            path,
            0,
            0,
            found,
            phrase("an ending of {names}", names=", ".join((".toml", *SUFFIXES))),
            N_("rename the file"),
        )
    document = read_document(path)
    default = DefaultTarget(registry, namespace)
    root = document.root
    if is_regsync(root):
        return read_regsync(document, environ)
    if is_dregsy(root):
        return read_dregsy(document)
    if _is_combined(root):
        return load_combined(document, default, environ, [] if auth is None else [auth])
    if is_skopeo_sync(root):
        return read_skopeo_sync(document, "/".join(part for part in (registry, namespace) if part), scoped=scoped)
    if _are_rules(root):
        return load(None, auth, path, registry=registry, namespace=namespace, environ=environ)
    raise _unknown(document)


def _is_combined(root: Node) -> bool:
    return bool(root.entries) and set(root.keys()) & set(COMBINED_KEYS) != set() and root.get("images") is not None


def _are_rules(root: Node) -> bool:
    """Return whether a mapping has at least one source with a text or a list beside it."""
    return any(value.kind in ("string", "list") for _, value in root.entries)


def _unknown(document: Document) -> PlanFileError:
    logins = ("username", "password", "insecure")
    if any(value.get(name) is not None for _, value in document.root.entries for name in logins):
        hint = N_("give the file with the rules, and this one with --auth")
        return document.error(document.root, N_("logins without rules"), _EXPECTED, hint)
    return document.error(document.root, N_("a file of another kind"), _EXPECTED)
