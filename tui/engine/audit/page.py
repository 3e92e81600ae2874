"""A report as one self-contained HTML page: no script, nothing is fetched, everything remote is escaped by Jinja."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.engine.audit import charts
from tui.engine.audit.content import blobs_of
from tui.engine.audit.facts import duration, facts, signed_words
from tui.engine.journal.drift import WORDS
from tui.engine.words import size

_TEMPLATE = "page.html.j2"


def page_text(report: Mapping[str, Any]) -> str:
    """Return the page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(size=size, duration=duration, short=_short, figure=lambda number: f"{number:,}")
    blobs = blobs_of(report["manifests"])
    return environment.get_template(_TEMPLATE).render(
        report=report,
        done_words=WORDS,
        facts=list(facts(report)),
        signed=signed_words(report),
        blobs=list(blobs.values()),
        stored=sum(blob["size"] for blob in blobs.values()),
        charts=_charts(report),
        latest=report["verifications"][-1] if report["verifications"] else None,
    )


def _charts(report: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return title and picture of every chart there is something to draw for."""
    drawn = (
        ("How the images ended", charts.outcome_chart(report["tasks"])),
        ("Where the bytes at the target came from", charts.bytes_chart(report["bytes"])),
        ("Images copied over time", charts.time_chart(report["list"])),
        ("Largest image by repository", charts.repositories_chart(report["list"])),
        ("Why something failed", charts.reasons_chart(report["failed"])),
    )
    return [(title, picture) for title, picture in drawn if picture]


def _short(digest: str) -> str:
    """Return a digest short enough for a table; the whole of it stands below."""
    algorithm, _, hexadecimal = digest.partition(":")
    return f"{algorithm}:{hexadecimal[:12]}…" if hexadecimal else digest
