"""Reading YAML and JSON files as trees of values with places."""

from __future__ import annotations

from pathlib import Path

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError
from tui.plan.json_nodes import parse_json
from tui.plan.nodes import Document
from tui.plan.text_file import read_text
from tui.plan.yaml_nodes import parse_yaml

SUFFIXES = (".json", ".yaml", ".yml")


def read_document(path: Path) -> Document:
    """Return what a file says; the ending of its name says how to read it.

    A byte order mark is skipped, as Windows editors write one. Raises PlanFileError.
    """
    suffix = path.suffix.lower()
    text = read_text(path, bom=True)
    if suffix not in SUFFIXES:
        found = phrase("the ending '{suffix}'", suffix=suffix) if suffix else N_("no ending")
        expected = phrase("a file whose name ends in {names}", names=", ".join(SUFFIXES))
        raise PlanFileError(path, 0, 0, found, expected, N_("rename the file after what is in it"))
    root = None if not text.strip() else parse_json(text, path) if suffix == ".json" else parse_yaml(text, path)
    if root is None:
        raise PlanFileError(
            path, 1, 1, N_("an empty file"), N_("a file of rules or logins"), N_("write {} to say there is nothing")
        )
    return Document(path, root, coerces=suffix != ".json")
