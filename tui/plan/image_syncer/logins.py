"""The logins of an image-syncer file alone, for going on with a run whose rules are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.oci.saying import N_
from tui.plan.document import read_document
from tui.plan.image_syncer.auth import read_auth
from tui.plan.imported import AuthBook


def load_auth(path: Path, *, environ: Mapping[str, str]) -> AuthBook:
    """Return the logins of a combined file or of a file of logins. Raises PlanFileError."""
    document = read_document(path)
    document.mapping(document.root, N_("logins by registry"))
    if document.root.get("images") is None:
        return read_auth(document, document.root, environ)[0]
    logins = document.root.get("auth")
    return read_auth(document, logins, None)[0] if logins is not None else AuthBook()
