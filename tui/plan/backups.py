"""The name under which a tag is kept before it is overwritten: a template such as `{tag}-before-{date}`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tui.oci.reference import is_tag
from tui.oci.saying import phrase

FIELDS = ("tag", "date", "time", "digest")
"""{tag} is the tag that is overwritten, {date} and {time} when the run was made (20261121, 134502; UTC), {digest} the
first twelve digits of what the tag was."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_DIGITS = 12


class BackupError(ValueError):
    """A template for backups is none, or what it makes is not a tag."""


def backup_tag(template: str, tag: str, digest: str, made: float) -> str:
    """Return the name for what `tag` is now, `digest`; `made` is when the run was made (seconds since the epoch).

    Raises BackupError when that is not a tag, or the tag itself.
    """
    when = datetime.fromtimestamp(made, UTC)
    values = {
        "tag": tag,
        "date": f"{when:%Y%m%d}",
        "time": f"{when:%H%M%S}",
        "digest": digest.partition(":")[2][:_DIGITS],
    }

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = " ".join(f"{{{field}}}" for field in FIELDS)
            raise BackupError(
                phrase(
                    "the template {template!r} has the unknown field {{{match}}}; known are {known}",
                    template=template,
                    match=match[1],
                    known=known,
                )
            )
        return values[match[1]]

    name = _FIELD.sub(value, template)
    if not is_tag(name):
        raise BackupError(
            phrase(
                "{template!r} makes {name!r}, which is not a tag (letters, digits, '_', '.', '-', most 128)",
                template=template,
                name=name,
            )
        )
    if name == tag:
        raise BackupError(
            phrase("{template!r} makes the tag itself; add to it, as in {{tag}}-before-{{date}}", template=template)
        )
    return name


def check_backup(template: str) -> None:
    """Raise BackupError when the template cannot make a name for an ordinary tag, or the same for every tag."""
    backup_tag(template, "tag", "sha256:" + "0" * 64, 0.0)
    if "tag" not in _FIELD.findall(template) and "digest" not in _FIELD.findall(template):
        raise BackupError(
            phrase("{template!r} makes one name for all tags; it needs {{tag}} or {{digest}}", template=template)
        )


def is_backup(template: str, tag: str) -> bool:
    """Return whether the template may have made a tag."""
    kinds = {"tag": ".+", "date": "[0-9]{8}", "time": "[0-9]{6}", "digest": f"[0-9a-f]{{{_DIGITS}}}"}
    parts = _FIELD.split(template)
    pattern = "".join(kinds[part] if number % 2 else re.escape(part) for number, part in enumerate(parts))
    return re.fullmatch(pattern, tag) is not None
