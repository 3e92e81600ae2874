"""image-syncer's logins: which one fits, what the environment does to them, and what is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.image_syncer.files import A, H, codes, combined, split, write
from tui.endpoints.resolve import AccessResolver
from tui.oci.access import Credential
from tui.oci.reference import Repository
from tui.plan.errors import PlanFileError
from tui.plan.image_syncer import load_auth
from tui.plan.imported import AuthBook, AuthEntry, Imported

RULES = {f"{H}/team/app:v1": f"{A}/ns/app"}
SECRET = "s3cr3t-of-somebody"


def login(name: str = "u") -> dict[str, object]:
    return {"username": name, "password": f"{name}-pass"}


@pytest.mark.parametrize(
    ("keys", "repository", "match"),
    [
        (["quay.io"], "quay.io/coreos/x", "quay.io"),
        (["quay.io/coreos"], "quay.io/coreos/x", "quay.io/coreos"),
        (["quay.io/coreos/"], "quay.io/coreos/x", "quay.io/coreos/"),
        (["quay.io/core"], "quay.io/coreos/x", None),
        (["hub.x:5000"], "hub.x:5000/a/b", "hub.x:5000"),
        (["hub.x"], "hub.x:5000/a/b", None),
        ([""], "quay.io/coreos/x", None),
        (["quay.io", "quay.io/coreos"], "quay.io/coreos/x", "quay.io/coreos"),
        (["quay.io/coreos", "quay.io"], "quay.io/coreos/x", "quay.io/coreos"),
        (["quay.io/coreos", "quay.io"], "quay.io/other/x", "quay.io"),
        (["quay.io/coreos/x", "quay.io"], "quay.io/coreos/x", "quay.io/coreos/x"),
        (["quay.io/coreos/x"], "quay.io/coreos/x/deep", "quay.io/coreos/x"),
        (["docker.io"], "docker.io/library/nginx", "docker.io"),
        (["registry.hub.docker.com"], "docker.io/library/nginx", "docker.io"),
        (["https://index.docker.io/v1/"], "docker.io/library/nginx", "docker.io"),
        (["registry.hub.docker.com/myorg"], "docker.io/myorg/app", "docker.io/myorg"),
        (["https://quay.io/"], "quay.io/coreos/x", "quay.io"),
        (["myorg"], "docker.io/myorg/app", None),
    ],
)
def test_the_longest_prefix_wins(tmp_path: Path, keys: list[str], repository: str, match: str | None) -> None:
    book = split(tmp_path, RULES, {key: login() for key in keys}).auth
    entry = book.lookup(Repository.parse(repository))
    assert (entry.match if entry else None) == match


async def test_the_resolver_takes_the_book_as_it_is(tmp_path: Path) -> None:
    book = split(tmp_path, RULES, {H: login("all"), f"{H}/team": login("team") | {"insecure": True}}).auth
    resolver = AccessResolver(lookup=book.lookup, environ={"HOME": str(tmp_path)}, cert_roots=())
    team = await resolver.access(Repository(H, "team/app"))
    assert team.credential == Credential("team", "team-pass")
    assert (team.connection.verify, team.connection.scheme) == (False, "auto")
    other = await resolver.access(Repository(H, "library/nginx"))
    assert other.credential == Credential("all", "all-pass")
    assert other.connection.verify


@pytest.mark.parametrize(
    ("text", "environ", "value", "warned"),
    [
        ("plain", {}, "plain", False),
        ("${PASS}", {"PASS": SECRET}, SECRET, False),
        ("$PASS", {"PASS": SECRET}, SECRET, False),
        ("$PASS", {"PASS": "has $PASS"}, "has $PASS", False),
        ("${PASS}", {}, "", True),
        ("$PASS", {}, "", True),
        ("robot$proj+ci", {}, "robot$proj+ci", True),
        ("robot$proj+ci", {"proj": "x"}, "robotx+ci", True),
        ("a${NONE}b", {}, "ab", True),
        ("pa$word$$1", {}, "pa$word$$1", True),
        ("ends$", {}, "ends$", True),
        ("${", {}, "${", True),
    ],
)
def test_the_environment_in_logins(
    tmp_path: Path, text: str, environ: dict[str, str], value: str, warned: bool
) -> None:
    auth = {H: {"username": "u" if SECRET in value else text, "password": text}}
    imported = split(tmp_path, RULES, auth, environ)
    entry = imported.auth.entries[0]
    assert entry.password == value
    assert entry.username in (value, "u")
    assert codes(imported) == ["secret-environment"] * (2 * warned)
    assert text not in " ".join(map(str, imported.hazards))
    assert SECRET not in repr(imported)
    assert combined(tmp_path, RULES, auth).auth.entries[0].password == text


def hazard_of(imported: Imported, code: str) -> str:
    (hazard,) = [hazard for hazard in imported.hazards if hazard.code == code]
    return str(hazard)


@pytest.mark.parametrize(
    ("auth", "code", "words", "line"),
    [
        (f"{H}: {{username: a, password: b}}\n{H}/team: {{username: c, password: d}}\n", "auth-overlap", "overlap", 2),
        (f"{H}/team: {{username: a, password: b}}\n{H}: {{username: c, password: d}}\n", "auth-overlap", "overlap", 1),
        (f"{H}: {{username: a}}\n", "auth-incomplete", "only a user name or only a password", 1),
        (f"{H}:\n  username: a\n  pasword: {SECRET}\n", "unknown-key", "did you mean 'password'?", 3),
        (f"{H}: {{? {SECRET}}}\n", "unknown-key", "a key that means nothing", 1),
        ("registry.hub.docker.com: {username: a, password: b}\n", "hub-alias", "used for docker.io", 1),
        (f"http://{H}: {{username: a, password: b}}\n", "auth-address", f"read as {H}", 1),
        ("myorg: {username: a, password: b}\n", "auth-address", "write docker.io/myorg", 1),
        (f"{H}/team/app: {{username: a, password: b}}\n", "auth-repository", "leaves the rule out", 0),
        (f"{A}/ns/app: {{username: a, password: b}}\n", "auth-repository", "leaves the rule out", 0),
        ("eu.gcr.io: {username: _oauth2_, password: a2V5}\n", "gcr-login", "_json_key_base64", 1),
    ],
)
def test_what_is_warned_of(tmp_path: Path, auth: str, code: str, words: str, line: int) -> None:
    imported = split(tmp_path, RULES, auth)
    said = hazard_of(imported, code)
    assert words in said
    assert said.startswith(f"auth.yaml:{line}: " if line else "images.yaml:1: ")
    assert SECRET not in said


@pytest.mark.parametrize(
    "keys",
    [
        {H: login(), f"{H}/team": login()},
        {f"{H}/team": login("a"), f"{H}/team2": login("b")},
        {H: login("a"), A: login("b")},
    ],
)
def test_logins_that_cannot_be_taken_for_each_other(tmp_path: Path, keys: dict[str, object]) -> None:
    assert codes(split(tmp_path, RULES, keys)) == []


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (f"{H}: {SECRET}\n", (1, 21), "found a text, expected a mapping of username"),
        (f"{H}: [{SECRET}]\n", (1, 21), "found a list"),
        (f"- {SECRET}\n", (1, 1), "found a list, expected logins"),
        (f"{SECRET}\n", (1, 1), "found a text, expected logins"),
        (f"{H}: {{username: a, password: [{SECRET}]}}\n", (1, 45), "found a list, expected a text for password"),
        (f'{H}: {{password: {SECRET}, insecure: "true"}}\n', (1, 62), "found a text, expected true or false"),
        (f"{H}: {{password: {SECRET}\n", (2, 1), "no YAML"),
        (f"{H}: {{password: *{SECRET}}}\n", (1, 32), "undefined alias"),
        (f"{H}: {{password: !{SECRET} }}\n", (1, 32), "a YAML tag"),
        (f"{H}: {{password: !x!{SECRET} }}\n", (1, 32), "no YAML"),
        (f"{H}: {{password: '{SECRET}}}\n", (2, 1), "no YAML"),
        (f"{H}: {{password: {SECRET}, password: b}}\n", (1, 52), "already, in line 1"),
        (f'{H}: {{password: "{SECRET}\\q"}}\n', (1, 51), "no YAML"),
    ],
)
def test_broken_logins_say_where_and_never_what(tmp_path: Path, text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        split(tmp_path, RULES, text)
    error = caught.value
    assert words in str(error)
    assert (error.line, error.column) == place
    assert SECRET not in f"{error}{error.hint}{error.__cause__}"


@pytest.mark.parametrize("text", [f'{{"{H}": {{"password": "{SECRET}", }}}}', f'{{"{H}": "{SECRET}"', "{'a': 1}"])
def test_broken_json_never_says_what(tmp_path: Path, text: str) -> None:
    with pytest.raises(PlanFileError, match="no JSON") as caught:
        split(tmp_path, "{}", text, ending="json")
    assert SECRET not in f"{caught.value}{caught.value.hint}{caught.value.__cause__}"
    assert caught.value.line == 1


def test_scalars_are_text_in_yaml_and_wrong_in_json(tmp_path: Path) -> None:
    entry = split(tmp_path, RULES, f"{H}: {{username: 123, password: 0123, insecure: yes}}\n").auth.entries[0]
    assert entry == AuthEntry(H, "123", "0123", True)
    with pytest.raises(PlanFileError, match="found a number, expected a text for username"):
        split(tmp_path, RULES, {H: {"username": 123, "password": "x"}}, ending="json")


def test_an_entry_may_say_insecure_alone(tmp_path: Path) -> None:
    imported = split(tmp_path, RULES, {H: {"insecure": True}})
    assert imported.auth == AuthBook((AuthEntry(H, insecure=True),))
    assert codes(imported) == []


def test_logins_alone_for_going_on_with_a_run(tmp_path: Path) -> None:
    logins = write(tmp_path / "auth.yaml", {H: {"username": "u", "password": "$P"}})
    assert load_auth(logins, environ={"P": "p"}).entries == (AuthEntry(H, "u", "p"),)
    both = write(tmp_path / "config.json", {"auth": {H: {"username": "u", "password": "$P"}}, "images": RULES})
    assert load_auth(both, environ={"P": "p"}).entries == (AuthEntry(H, "u", "$P"),)
    assert load_auth(write(tmp_path / "c.json", {"images": RULES}), environ={}) == AuthBook()
