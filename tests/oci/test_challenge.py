"""Challenges: `WWW-Authenticate` as RFC 9110 writes it, and as registries do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.challenge import Challenge, parse_challenges

TABLE = [
    ("one", ['Basic realm="x"'], [("basic", {"realm": "x"})]),
    (
        "docker hub",
        ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'],
        [
            (
                "bearer",
                {
                    "realm": "https://auth.docker.io/token",
                    "service": "registry.docker.io",
                    "scope": "repository:a/b:pull,push",
                },
            )
        ],
    ),
    ("scheme in any case", ["BEARER Realm=x"], [("bearer", {"realm": "x"})]),
    ("two headers", ['Bearer realm="a"', 'Basic realm="b"'], [("bearer", {"realm": "a"}), ("basic", {"realm": "b"})]),
    (
        "two in one header",
        ['Bearer realm="a",service="s", Basic realm="b"'],
        [("bearer", {"realm": "a", "service": "s"}), ("basic", {"realm": "b"})],
    ),
    ("no space after the comma", ['Basic realm="b",Bearer realm="a"'],
     [("basic", {"realm": "b"}), ("bearer", {"realm": "a"})]),
    ("a scheme without parameters", ["Negotiate, Basic realm=b"], [("negotiate", {}), ("basic", {"realm": "b"})]),
    ("a scheme alone", ["Negotiate"], [("negotiate", {})]),
    ("RFC 9110 example", ['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'],
     [("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}), ("basic", {"realm": "simple"})]),
    ("odd spacing", ['  Bearer   realm = "a" ,\tservice\t=\t"s"  ,, scope="x"  '],
     [("bearer", {"realm": "a", "service": "s", "scope": "x"})]),
    ("spaces in place of commas", ['Bearer realm="a" service="s"'], [("bearer", {"realm": "a", "service": "s"})]),
    ("escapes", [r'Basic realm="a\\b\"c"'], [("basic", {"realm": 'a\\b"c'})]),
    ("commas and equals in quotes", ['Basic realm="a, Bearer realm=b"'], [("basic", {"realm": "a, Bearer realm=b"})]),
    ("empty value", ['Basic realm=""'], [("basic", {"realm": ""})]),
    ("no value", ["Bearer service=s, realm="], [("bearer", {"service": "s", "realm": ""})]),
    ("token68", ["Negotiate YWJj==, Basic realm=b"], [("negotiate", {}), ("basic", {"realm": "b"})]),
    ("a parameter before any scheme", ['realm="a, Basic realm=evil", Basic realm="b"'], [("basic", {"realm": "b"})]),
    ("the first of two equal names", ["Bearer realm=a, realm=b"], [("bearer", {"realm": "a"})]),
    ("an open quote", ['Bearer service=s, realm="a'], [("bearer", {"service": "s", "realm": ""})]),
    ("a broken second one", ['Bearer realm="a", ===, Basic realm="b"'],
     [("bearer", {"realm": "a"}), ("basic", {"realm": "b"})]),
    ("Harbor's empty one", [""], []),
    ("none", [], []),
    ("only separators", [" , ,, "], []),
    ("non-ASCII", ['Basic realm="Zugang für alle"'], [("basic", {"realm": "Zugang für alle"})]),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(headers: list[str], expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(headers) == [Challenge(scheme, parameters) for scheme, parameters in expected]


def test_what_is_longer_than_any_challenge_is_cut() -> None:
    found = parse_challenges(['Bearer realm="a", ' + "x" * 1_000_000 + ', Basic realm="b"'])
    assert found[0] == Challenge("bearer", {"realm": "a"})
    assert "basic" not in [challenge.scheme for challenge in found]


@pytest.mark.parametrize("piece", ["a", "a ", 'a="', "a=", "=", '"', ",", "\\", 'a="\\', "a=b,", " ", "a b=c "])
def test_hostile_headers_end(piece: str) -> None:
    assert isinstance(parse_challenges([piece * 20_000]), list)


_token = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
_value = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)


@given(_token, st.dictionaries(_token.map(str.lower), _value, max_size=5))
def test_whatever_is_quoted_comes_out_as_it_went_in(scheme: str, parameters: dict[str, str]) -> None:
    quoted = ", ".join(
        name + '="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for name, value in parameters.items()
    )
    assert parse_challenges([f"{scheme} {quoted}"]) == [Challenge(scheme.lower(), parameters)]


@given(st.lists(st.text(max_size=200), max_size=3))
def test_no_text_breaks_the_parser(headers: list[str]) -> None:
    for challenge in parse_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower()
