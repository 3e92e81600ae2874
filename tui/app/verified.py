"""What is known about verifications of a run, for lists and lines; reads files, so for a thread."""

from __future__ import annotations

from typing import Any

from tui.app.i18n import _, ngettext, pgettext
from tui.engine.runs import RunFolder


def latest(folder: RunFolder, after: float | None) -> dict[str, Any] | None:
    """Return the latest verification that began after a moment (seconds since the epoch), None when there is none."""
    from tui.engine.verify.record import verifications

    found = [each for each in verifications(folder) if after is None or each["started"] >= after]
    return found[-1] if found else None


def verified_words(found: dict[str, Any] | None) -> str:
    """Return what a verification came to in a word or two, '' for none."""
    if found is None:
        return ""
    if not found["findings"]:
        return pgettext("run", "verified")
    if set(found["counts"]) == {"unknown"}:
        return _("verified in part")
    count = len(found["findings"])
    return ngettext("{count} difference", "{count} differences", count).format(count=f"{count:,}")
