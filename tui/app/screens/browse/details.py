"""One tag in full: what it is, the tree of manifests, layers, labels, what is attached, and the raw JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui.app.i18n import _, said
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.figures import bytes_text, time_text
from tui.app.widgets.fitted import width

if TYPE_CHECKING:
    from tui.providers.content import ManifestNode, Referrer

MOST_LINES = 500
"""Lines of raw JSON that are shown; all of it is copied."""
_SHORT = 19


def fields_of(node: ManifestNode) -> list[tuple[str, str]]:
    """Return the short facts about what is behind a tag, as label and value."""
    images = node.images()
    config = images[0].config if images else None
    platforms = [image.platform for image in images if image.platform]
    fields = [
        (_("Digest"), node.digest),
        (_("Media type"), node.media_type),
        (_("Kind"), node.artifact_type or _(node.kind)),
        (_("Size"), bytes_text(sum(node.contents().values()))),
        (_("Platforms"), ", ".join(platforms)),
        (_("Created"), time_text(config.created) if config and config.created else ""),
        (_("Attached to"), node.subject),
        (_("Incomplete"), said(node.first_problem())),
    ]
    if config:
        fields += [
            (_("Author"), config.author),
            (_("Entrypoint"), " ".join(config.entrypoint)),
            (_("Command"), " ".join(config.command)),
            (_("User"), config.user),
            (_("Folder"), config.working_dir),
            (_("Ports"), " ".join(config.ports)),
        ]
    return [(label, value) for label, value in fields if value]


def sections_of(node: ManifestNode, attached: Sequence[Referrer] | None) -> list[Section]:
    """Return the longer parts; `attached` is None while that is not known."""
    sections = []
    if node.children:
        sections.append(Section(_("Manifests"), list(_tree(node))))
    for image in node.images() or [node]:
        if image.layers:
            title = _("Layers of {platform}").format(platform=image.platform) if node.children else _("Layers")
            sections.append(Section(title, [_layer(each.digest, each.size, each.foreign) for each in image.layers]))
    if attached:
        sections.append(Section(_("Attached"), [_attached(each) for each in attached]))
    images = node.images()
    labels = images[0].config.labels if images and images[0].config else {}
    for title, pairs in ((_("Labels"), labels), (_("Annotations"), node.annotations)):
        if pairs:
            sections.append(Section(title, [f"{key} = {value}" for key, value in sorted(pairs.items())]))
    sections.append(Section(_("Manifest as JSON (y copies it)"), raw_text(node).splitlines()[:MOST_LINES]))
    return sections


def raw_text(node: ManifestNode) -> str:
    """Return the manifest, indented for reading; the bytes as they are when they are no JSON."""
    try:
        return json.dumps(json.loads(node.raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return node.raw.decode("utf-8", "replace")


def _tree(node: ManifestNode, depth: int = 0) -> Iterator[str]:
    what = node.platform or node.artifact_type or _(node.kind)
    problem = f"  {said(node.problem)}" if node.problem else ""
    size = bytes_text(sum(node.contents().values()))
    yield f"{'  ' * depth}{node.digest[:_SHORT]}  {size:>9}  {what}{problem}"
    for child in node.children:
        yield from _tree(child, depth + 1)
    if node.left_out:
        yield "  " * (depth + 1) + _("{count} more were not read").format(count=node.left_out)


def _attached(each: Referrer) -> str:
    """Say what it is, and the artifact type, or the tag under which cosign keeps it."""
    kind = _(each.kind)
    where = each.tag[each.tag.rfind(".") :] if each.tag else each.artifact_type
    return f"{kind}{' ' * max(1, 13 - width(kind))}{each.digest[:_SHORT]}  {bytes_text(each.size):>9}  {where}"


def _layer(digest: str, size: int, foreign: bool) -> str:
    note = "  " + _("kept elsewhere") if foreign else ""
    return f"{digest[:_SHORT]}  {bytes_text(size):>9}{note}"
