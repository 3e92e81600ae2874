"""Whatever stands in the files with endpoints and logins: they are read, or refused with the file's name."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.endpoints.errors import EndpointsError, LoginError
from tui.endpoints.file import EndpointFile
from tui.endpoints.login_file import read_login_file

SECRET = "hunter2"
TEXTS = st.text(st.sampled_from("ab1=.[]{}\"'#,-\n\t \\/\x00$é") | st.characters(codec="utf-8"), max_size=60)
KEYS = st.sampled_from(["endpoint", "name", "address", "store", "scheme", "id", "version", "verify", "repositories"])
VALUES = st.sampled_from(['"a"', '"a.io"', "1", "true", "[]", '["x"]', "{}", "2026-01-01", '"https"', '"0123456789ab"'])
TABLES = st.lists(st.tuples(KEYS, VALUES), max_size=6).map(
    lambda lines: "[[endpoint]]\n" + "\n".join(f"{key} = {value}" for key, value in lines)
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "auth": st.sampled_from([base64.b64encode(f"u:{SECRET}".encode()).decode(), "###", "", 5, None]),
        "username": st.sampled_from(["u", "<token>", "", 7]),
        "password": st.sampled_from([SECRET, "", None]),
        "identitytoken": st.sampled_from([SECRET, "", []]),
    },
)
HOSTS = st.sampled_from(["a.io", "https://a.io/v1/", "https://index.docker.io/v1/", "a.io/team", "", ":", "[::1", "é"])
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "auths": st.dictionaries(HOSTS, ENTRIES | st.sampled_from([None, 1, "x"]), max_size=4)
        | st.sampled_from([1, []]),
        "credHelpers": st.dictionaries(HOSTS, st.sampled_from(["x", "", 1, None]), max_size=2),
        "credsStore": st.sampled_from(["", "x", 1, None]),
    },
)


def read_endpoints(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "endpoints.toml"
        path.write_bytes(content)
        with contextlib.suppress(EndpointsError):
            EndpointFile(path).load()


@given(TABLES)
@settings(max_examples=150)
def test_endpoints_of_any_shape(text: str) -> None:
    read_endpoints(text.encode())


@given(TEXTS.map(str.encode) | st.binary(max_size=30))
def test_any_bytes_are_endpoints_or_refused(content: bytes) -> None:
    read_endpoints(content)


def refusal(text: str, *, legacy: bool) -> str:
    """Read a file of logins and every login in it; return why that was refused, '' when it was not."""
    try:
        found = read_login_file("config.json", text, legacy=legacy)
        for key in found.keys if found is not None else ():
            assert found is not None
            found.credential(key)
            found.host_credential(key)
    except LoginError as error:
        return f"{error.message} {error.hint}"
    return ""


def read_logins(text: str, *, legacy: bool) -> None:
    said = refusal(text, legacy=legacy)
    assert not said or "config.json" in said
    assert SECRET not in said


@given(CONFIGS, st.booleans())
@settings(max_examples=200)
def test_logins_of_any_shape(document: object, legacy: bool) -> None:
    read_logins(json.dumps(document), legacy=legacy)


@given(TEXTS, st.booleans())
def test_any_text_is_logins_or_refused(text: str, legacy: bool) -> None:
    read_logins(text, legacy=legacy)
