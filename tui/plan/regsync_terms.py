"""Single words of regsync files (sources, names of backups, expressions) as a plan writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.oci.reference import Repository
from tui.plan.backups import BackupError, check_backup
from tui.plan.globs import regex_to_glob
from tui.plan.rule_text import parse_pattern

_REF_TAG = re.compile(r"\{\{-?\s*\.Ref\.Tag\s*-?\}\}")


def allowed(registry: str, pattern: str) -> str | None:
    """Return the source of a rule for what an expression allows, None when no source says it alone."""
    glob = regex_to_glob(pattern)
    if glob in ("*", "?*"):
        return f"{registry}/*"
    project = (glob or "*").removesuffix("/*").removesuffix("/?*")
    if any(sign in project for sign in "*?["):
        return None
    return f"{registry}/{project}" if project == glob else f"{registry}/{project}/*"


def place_of(source: str) -> tuple[str, str]:
    """Return the registry and the path or pattern of a source."""
    if source.endswith("*"):
        return parse_pattern(source)
    repository = Repository.parse(source)
    return repository.registry, repository.path


def backup_name(template: str) -> str:
    """Return a template of ours for regsync's name of a backup, '' when there is none."""
    name = _REF_TAG.sub("{tag}", template)
    try:
        check_backup(name)
    except BackupError:
        return ""
    return "" if any(sign in name for sign in ("{{", "/", ":")) else name


def anchored(patterns: Sequence[str]) -> str:
    """Return one expression for a list of which one must match; regsync puts `^` and `$` around each as it is."""
    if len(patterns) == 1:
        return f"^{patterns[0]}$"
    return "|".join(f"(?:^{pattern}$)" for pattern in patterns)
