"""Charts of a report as inline SVG: no script, no style of their own, colours by class so that dark and print work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from tui.engine.words import size

WIDTH = 640
_BAR = 26
_STATES = ("done", "unchanged", "skipped", "cancelled", "conflict", "failed", "left")
_BYTES = {"written": "uploaded", "mounted": "mounted at the target", "present": "there already"}
_FILL = {
    **dict.fromkeys(("done", "written"), "#2da26a"),
    **dict.fromkeys(("unchanged", "mounted"), "#4a8fe0"),
    **dict.fromkeys(("skipped", "cancelled", "left", "present"), "#9aa6b6"),
    "conflict": "#d9902b",
    "failed": "#d64550",
}
"""Colours where the style of the page does not reach a picture; the page's own are for light and dark."""
_MOST_BARS = 10
_MOST_POINTS = 400


def outcome_chart(tasks: Mapping[str, int]) -> Markup:
    """Return how the tasks ended, as one bar."""
    left = tasks["total"] - sum(count for state, count in tasks.items() if state != "total")
    counts = {**tasks, "left": left}
    return _stacked([(state, counts[state], f"{counts[state]:,} {state}") for state in _STATES if counts.get(state)])


def bytes_chart(moved: Mapping[str, int]) -> Markup:
    """Return where the bytes at the target came from, as one bar."""
    parts = [(name, moved[name], f"{size(moved[name])} {words}") for name, words in _BYTES.items() if moved.get(name)]
    return _stacked(parts)


def time_chart(tasks: Iterable[Mapping[str, Any]]) -> Markup:
    """Return how many images had arrived at which time, as an area; nothing when that was no time at all."""
    ended = sorted(_seconds(task["ended"]) for task in tasks if task["state"] == "done" and task["ended"])
    if len(ended) < 2 or ended[-1] <= ended[0]:
        return Markup()
    height, first, last = 150, ended[0], ended[-1]
    step = max(1, len(ended) // _MOST_POINTS)
    kept = sorted({*range(0, len(ended), step), len(ended) - 1})
    points = [
        ((ended[at] - first) / (last - first) * WIDTH, height - 24 - (at + 1) / len(ended) * (height - 44))
        for at in kept
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    base = height - 24
    area = f"0,{base} {line} {WIDTH},{base}"
    begin, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S") for at in (first, last))
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{count} images between {begin} and {end}">'
        '<polygon class="area" fill="#2da26a" opacity="0.22" points="{area}"/>'
        '<polyline class="line" fill="none" stroke="#2da26a" points="{line}"/>'
        '<line class="axis" stroke="#9aa6b6" x1="0" y1="{base}" x2="{width}" y2="{base}"/>'
        '<text fill="#7f8b9b" x="0" y="{text}">{begin}</text>'
        '<text fill="#7f8b9b" x="{width}" y="{text}" text-anchor="end">{end}</text>'
        '<text fill="#7f8b9b" x="{width}" y="12" text-anchor="end">{count} images</text></svg>'
    ).format(
        width=WIDTH, height=height, count=f"{len(ended):,}", begin=begin, end=end, area=area, line=line, base=base,
        text=height - 6,
    )  # fmt: skip


def repositories_chart(tasks: Iterable[Mapping[str, Any]]) -> Markup:
    """Return the target repositories with the largest images, a bar each."""
    largest: dict[str, int] = {}
    for task in tasks:
        repository = task["target"].partition("@")[0].rpartition(":")[0] or task["target"]
        name = repository.partition("/")[2] or repository
        largest[name] = max(largest.get(name, 0), task["bytes"])
    found = sorted(largest.items(), key=lambda item: (-item[1], item[0]))[:_MOST_BARS]
    return _bars([(name, count, size(count)) for name, count in found if count], "done")


def reasons_chart(failed: Sequence[Mapping[str, Any]]) -> Markup:
    """Return why tasks failed, a bar for each reason."""
    reasons = [" ".join(str(part) for part in (each["class"], each["status"], each["code"]) if part) for each in failed]
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    found = sorted(counts.items(), key=lambda item: -item[1])[:_MOST_BARS]
    return _bars([(reason or "unknown", count, f"{count:,}") for reason, count in found], "failed")


def _stacked(parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar of parts (class, figure, words) with a legend below; the words tell what the colours mean."""
    total = sum(count for _, count, _ in parts)
    if not total:
        return Markup()
    ends = list(accumulate(count for _, count, _ in parts))
    shapes = Markup().join(
        Markup(
            '<rect class="{kind}" fill="{fill}" x="{x:.2f}" y="0" width="{width:.2f}" height="{height}">'
            "<title>{words}</title></rect>"
        ).format(
            kind=kind,
            fill=_FILL[kind],
            x=(end - count) / total * WIDTH,
            width=max(count / total * WIDTH - 1, 1.5),
            height=_BAR,
            words=words,
        )
        for (kind, count, words), end in zip(parts, ends, strict=True)
    )
    legend = Markup().join(
        Markup('<li><i class="{kind}"></i>{words} <b>{share}</b></li>').format(
            kind=kind, words=words, share=_share(count, total)
        )
        for kind, count, words in parts
    )
    words = ", ".join(words for _, _, words in parts)
    return Markup(
        '<svg class="bar" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{words}">'
        "{shapes}</svg><ul>{legend}</ul>"
    ).format(width=WIDTH, height=_BAR, words=words, shapes=shapes, legend=legend)


def _bars(rows: Sequence[tuple[str, int, str]], kind: str) -> Markup:
    """Return rows (name, figure, words) as bars below each other, the longest filling its line."""
    if not rows:
        return Markup()
    most = max(count for _, count, _ in rows)
    lines = Markup().join(
        Markup(
            '<tr><th scope="row">{name}</th><td>'
            '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
            '<rect class="{kind}" fill="{fill}" width="{width:.2f}" height="10"/></svg></td>'
            '<td class="figure">{words}</td></tr>'
        ).format(name=name, kind=kind, fill=_FILL[kind], width=max(count / most * 100, 0.5), words=words)
        for name, count, words in rows
    )
    return Markup('<table class="bars">{lines}</table>').format(lines=lines)


def _share(count: int, total: int) -> str:
    share = count / total * 100
    return f"{share:.0f} %" if share >= 1 else "< 1 %"


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
