"""Which kinds of artifact a rule takes: images, charts, signatures and whatever else a registry keeps."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from tui.oci.saying import phrase
from tui.plan.model import ArtifactSelection

KINDS = ("image", "chart", "signature", "attestation", "sbom", "plugin", "artifact")
"""An image of several platforms is an `image`; `artifact` is what is none of the others."""


class ArtifactError(ValueError):
    """A word names no kind of artifact."""


def takes(selection: ArtifactSelection, kind: str, artifact_type: str) -> bool:
    """Return whether what is of this kind, with this artifact type ('' for none), is taken."""
    if selection.include and not _any(selection.include, kind, artifact_type):
        return False
    return not _any(selection.exclude, kind, artifact_type)


def check_artifacts(selection: ArtifactSelection) -> None:
    """Raise ArtifactError for a word that is neither a kind nor a glob on the artifact type."""
    for word in (*selection.include, *selection.exclude):
        if word not in KINDS and "/" not in word:
            near = difflib.get_close_matches(word, KINDS, 1)
            known = (
                phrase("did you mean {near!r}", near=near[0])
                if near
                else phrase("known are {names}", names=", ".join(KINDS))
            )
            raise ArtifactError(
                phrase(
                    "{word!r} is no kind of artifact; {known}, or a type with a '/' in it such as text/*",
                    word=word,
                    known=known,
                )
            )


def _any(words: Iterable[str], kind: str, artifact_type: str) -> bool:
    return any(word == kind if word in KINDS else fnmatchcase(artifact_type, word) for word in words)
