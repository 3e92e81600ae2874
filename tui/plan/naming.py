"""Names at the target: templates such as `acr.example.com/mirror/{name}:{tag}-old`."""

from __future__ import annotations

import difflib
import re

from tui.oci.place import InvalidPlace, is_place, split_place
from tui.oci.reference import InvalidReference, Reference, Repository, is_digest, is_tag
from tui.oci.saying import N_, phrase

FIELDS = ("registry", "project", "path", "name", "tag")
"""{registry} is the source's host and port, {path} its whole path, {project} and {name} the first and the
last part of the path, {tag} the tag that is copied."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_PROBE = Repository("registry.example.com", "project/name")


class TemplateError(ValueError):
    """A target template names an unknown field, or what it makes is not a reference."""


def render_target(template: str, source: Repository, tag: str) -> Reference:
    """Return the reference that `template` makes for one tag (or digest) of `source`.

    Without a tag of its own the template keeps the name: the tag, or the digest. Raises TemplateError.
    """
    name, own_tag = split_template(template)
    place, inside = _in_place(name)
    path = _fill(template, inside, source, tag)
    below, given = (path, inside) if place else (path.partition("/")[2], inside.partition("/")[2])
    if ":" in below and ":" not in given:
        where = (
            phrase("the path of {registry}", registry=source.registry)
            if is_place(source.registry)
            else phrase("the port of {registry}", registry=source.registry)
        )
        raise TemplateError(
            phrase("{template!r}: {where} cannot stand inside a repository path", template=template, where=where)
        )
    try:
        repository = Repository.parse(f"{place}{path}")
    except InvalidReference as error:
        raise TemplateError(phrase("target {template!r} makes {error}", template=template, error=error)) from None
    if not own_tag:
        return Reference(repository).with_target(tag)
    rendered = _fill(template, own_tag, source, tag)
    if not is_tag(rendered):
        limit = N_("letters, digits, '_', '.', '-', at most 128")
        raise TemplateError(
            phrase(
                "target {template!r} makes {rendered!r}, which is not a tag ({limit})",
                template=template,
                rendered=rendered,
                limit=limit,
            )
        )
    return Reference(repository, tag=rendered)


def split_template(template: str) -> tuple[str, str]:
    """Return the template of the repository and that of the tag ('' when it has none).

    A place on a disk with nothing inside keeps the source's path: `oci:/media/usb/export//{path}`.
    """
    place, inside = _in_place(template)
    head, slash, last = inside.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{place}{head}{slash}{last}", tag


def registry_of(template: str) -> str:
    """Return the registry, or the place on a disk, that a template names; '' when it depends on the source."""
    place, inside = _in_place(template)
    registry = inside.partition("/")[0]
    return place[:-1] if place else "" if "{" in registry else registry


def fields_of(template: str) -> tuple[str, ...]:
    """Return the names between braces, in order; a path on a disk has none."""
    return tuple(_FIELD.findall(_in_place(template)[1]))


def _in_place(template: str) -> tuple[str, str]:
    """Return the place on a disk with two slashes at its end, '' for none, and the rest. Raises TemplateError."""
    try:
        place = split_place(template)
    except InvalidPlace as error:
        raise TemplateError(str(error)) from None
    return (f"{place[0]}/", place[1] or "{path}") if place else ("", template)


def below(template: str, path: str) -> str:
    """Return `template` with `path` put below its repository, its tag kept."""
    name, tag = split_template(template)
    return f"{name.rstrip('/')}/{path}{':' + tag if tag else ''}"


def check_template(template: str) -> None:
    """Raise TemplateError when the template cannot make a reference for an ordinary repository and tag."""
    if template.endswith(":"):
        raise TemplateError(phrase("{template!r} ends in ':' with no tag after it", template=template))
    if "@" in _in_place(template)[1]:
        raise TemplateError(phrase("{template!r}: a target is named by a tag, not by a digest", template=template))
    render_target(template, _PROBE, "tag")


def _fill(template: str, part: str, source: Repository, tag: str) -> str:
    parts = source.path.split("/")
    values = {
        "registry": source.registry,
        "project": parts[0],
        "path": source.path,
        "name": parts[-1],
        "tag": tag,
    }

    def value(match: re.Match[str]) -> str:
        field = match[1]
        if field not in values:
            near = difflib.get_close_matches(field, FIELDS, 1)
            known = (
                phrase("did you mean {{{near}}}?", near=near[0])
                if near
                else phrase("known are {names}", names=" ".join(f"{{{f}}}" for f in FIELDS))
            )
            raise TemplateError(
                phrase(
                    "target {template!r} has the unknown field {{{field}}}; {known}",
                    template=template,
                    field=field,
                    known=known,
                )
            )
        if field == "tag" and is_digest(tag):
            raise TemplateError(
                phrase(
                    "target {template!r} builds a name from the tag, but {tag} is a digest", template=template, tag=tag
                )
            )
        return values[field]

    if "{" in _FIELD.sub("", part) or "}" in _FIELD.sub("", part):
        raise TemplateError(
            phrase("target {template!r} has a brace that is not part of a field such as {{name}}", template=template)
        )
    return _FIELD.sub(value, part)
