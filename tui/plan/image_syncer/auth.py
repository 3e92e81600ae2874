"""image-syncer's logins: a mapping from a prefix of repositories to user name, password and `insecure`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from tui.oci.reference import InvalidReference, Repository, split_registry
from tui.oci.saying import N_, phrase
from tui.plan.image_syncer.environment import expand_secret
from tui.plan.imported import AuthBook, AuthEntry, Hazard
from tui.plan.nodes import Document, Node

_KEYS = ("username", "password", "insecure")
_EXPECTED = N_("logins like 'harbor.example.com: {username: ..., password: ...}'")
GOOGLE_TOKEN_USER, GOOGLE_KEY_USER = "_oauth2_", "_json_key_base64"


def read_auth(document: Document, node: Node, environ: Mapping[str, str] | None) -> tuple[AuthBook, list[Hazard]]:
    """Return the logins of a mapping and the warnings about them.

    With `environ` user names and passwords are expanded, as in a file of its own (not in a combined one).
    Raises PlanFileError, which quotes nothing of an entry.
    """
    hazards: list[Hazard] = []
    entries: list[tuple[AuthEntry, str]] = []
    for key, value in document.mapping(node, _EXPECTED):
        origin = document.origin(key)
        match = _match(key.text, origin, hazards)
        document.mapping(value, N_("a mapping of username, password and insecure"))
        for name, hint in document.unknown(value, _KEYS):
            message = phrase("the login for {match} has a key that means nothing and is left out", match=match)
            hazards.append(Hazard("unknown-key", message, document.origin(name), hint))
        username, password = (
            _secret(document, match, value.get(name), name, environ, hazards) for name in ("username", "password")
        )
        insecure = document.flag(value.get("insecure")) or False
        if bool(username) != bool(password):
            message = phrase(
                "the login for {match} has only a user name or only a password and is not used", match=match
            )
            hazards.append(Hazard("auth-incomplete", message, origin, N_("give both")))
        if username == GOOGLE_TOKEN_USER and "gcr.io" in match:
            username = GOOGLE_KEY_USER
            message = phrase(
                "the login for {match} is a Google service account key; it is sent as {google_key_user}",
                match=match,
                google_key_user=GOOGLE_KEY_USER,
            )
            hazards.append(Hazard("gcr-login", message, origin))
        entries.append((AuthEntry(match, username, password, insecure), origin))
    return AuthBook(tuple(entry for entry, _ in entries)), hazards + _overlaps(entries)


def _match(text: str, origin: str, hazards: list[Hazard]) -> str:
    """Return the prefix a key stands for; addresses and Docker Hub's other names are understood."""
    match = text
    if "://" in text:
        match = text.partition("://")[2].rstrip("/").removesuffix("/v1").removesuffix("/v2")
        message = phrase("the login for {text} is read as {match}; image-syncer never uses it", text=text, match=match)
        hazards.append(Hazard("auth-address", message, origin, phrase("write {match}", match=match)))
    first, slash, path = match.partition("/")
    registry, _ = split_registry(f"{first}/name")
    if registry != first and "." in first:
        match = f"{registry}{slash}{path}"
        message = phrase("the login for {first} is used for {registry}, its name today", first=first, registry=registry)
        hazards.append(Hazard("hub-alias", message, origin, phrase("write {registry}", registry=registry)))
    elif registry != first or not _is_prefix(match):
        hint = (
            phrase("write docker.io/{match} if Docker Hub is meant", match=match)
            if _is_prefix(f"{registry}/{match}")
            else ""
        )
        message = phrase("the login for {text} fits no repository, as it names no registry", text=text)
        hazards.append(Hazard("auth-address", message, origin, hint))
    return match


def _is_prefix(text: str) -> bool:
    try:
        Repository.parse(f"{text.rstrip('/')}/name")
    except InvalidReference:
        return False
    return True


def _secret(
    document: Document,
    match: str,
    node: Node | None,
    name: str,
    environ: Mapping[str, str] | None,
    hazards: list[Hazard],
) -> str:
    text = document.text(node, phrase("a text for {name}", name=name))
    if environ is None or node is None:
        return text
    secret = expand_secret(text, environ)
    if secret.remark:
        message = phrase("the {name} for {match} {remark}", name=name, match=match, remark=secret.remark)
        hazards.append(
            Hazard("secret-environment", message, document.origin(node), N_("check that it is what you mean"))
        )
    return secret.text


def _overlaps(entries: list[tuple[AuthEntry, str]]) -> list[Hazard]:
    hazards = []
    for (one, one_origin), (two, two_origin) in combinations(entries, 2):
        same = (one.username, one.password, one.insecure) == (two.username, two.password, two.insecure)
        if same or not (one.covers(two.match) or two.covers(one.match)):
            continue
        shorter, longer, origin = (one, two, two_origin) if one.covers(two.match) else (two, one, one_origin)
        used = (
            N_("the first is used")
            if one.match == two.match
            else phrase("{match} wins where both fit", match=longer.match)
        )
        message = phrase(
            "the logins for {match} and {longer_match} overlap: {used}; image-syncer takes either by chance",
            match=shorter.match,
            longer_match=longer.match,
            used=used,
        )
        hazards.append(Hazard("auth-overlap", message, origin, N_("leave one out, or let no two fit one repository")))
    return hazards
