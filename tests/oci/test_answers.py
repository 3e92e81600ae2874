"""What an answer means: `Retry-After`, error bodies of every kind, and the error each status and code stands for."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci import errors
from tui.oci.answers import Answer, ManifestBlobUnknown, error_of, registry_words, retry_after
from tui.oci.text import printable

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "86400"}, 86400.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200", "date": DATE}, 30.0),
        ({"retry-after": "Wednesday, 21-Oct-26 07:28:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Wed Oct 21 07:28:30 2026", "date": DATE}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": DATE}, 30.0),
        ({"retry-after": DATE, "date": DATE}, None),
        ({"retry-after": "Wed, 21 Oct 2020 07:28:00 GMT", "date": DATE}, None),
        ({"retry-after": "Wed, 21 Oct 2020 07:28:00 GMT", "date": "junk"}, None),
        ({"retry-after": "Wed, 99 Oct 2026 07:28:00 GMT", "date": DATE}, None),
        ({"retry-after": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 +99999999999999"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers) == expected


def test_a_huge_retry_after_is_a_number_to_be_capped() -> None:
    seconds = retry_after({"retry-after": "9" * 5000})
    assert seconds is not None
    assert seconds >= 1e9


def test_a_date_without_the_servers_own_is_taken_against_our_clock() -> None:
    seconds = retry_after({"retry-after": "Fri, 31 Dec 2500 23:59:59 GMT", "date": "junk"})
    assert seconds is not None
    assert seconds > 86400


@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_no_header_breaks_it(value: str, date: str | None) -> None:
    seconds = retry_after({"retry-after": value} | ({} if date is None else {"date": date}))
    assert seconds is None or (seconds > 0 and not math.isnan(seconds))


WORDS: list[tuple[str, bytes, tuple[str, str]]] = [
    ("one", b'{"errors":[{"code":"DENIED","message":"no"}]}', ("DENIED", "no")),
    ("two", b'{"errors":[{"code":"DENIED","message":"a"},{"code":"UNAUTHORIZED","message":"b"}]}', ("DENIED", "a; b")),
    ("the same twice", b'{"errors":[{"code":"X","message":"a"},{"code":"X","message":"a"}]}', ("X", "a")),
    ("detail text", b'{"errors":[{"code":"X","message":"a","detail":"why"}]}', ("X", "a (why)")),
    ("detail object", b'{"errors":[{"code":"X","message":"a","detail":{"k":"v","n":1,"o":{}}}]}',
     ("X", "a (k v, n 1)")),
    ("detail list", b'{"errors":[{"code":"X","message":"a","detail":[1]}]}', ("X", "a")),
    ("nulls", b'{"errors":[{"code":null,"message":null,"detail":null}]}', ("", "")),
    ("missing", b'{"errors":[{}]}', ("", "")),
    ("other types", b'{"errors":[{"code":5,"message":["a"]}]}', ("5", "['a']")),
    ("no entries", b'{"errors":[]}', ("", "")),
    ("entries that are none", b'{"errors":["a",5,null]}', ("", "")),
    ("an object in place of the list", b'{"errors":{"code":"X"}}', ("", "")),
    ("null in place of the list", b'{"errors":null}', ("", '{"errors":null}')),
    ("Docker Hub's token server", b'{"details":"incorrect username or password"}',
     ("", '{"details":"incorrect username or password"}')),
    ("empty", b"", ("", "")),
    ("text", b"toomanyrequests: slow down\nsecond line", ("", "toomanyrequests: slow down")),
    ("HTML", b"\n <html><body>502</body></html>", ("", "")),
    ("a list", b"[1]", ("", "[1]")),
    ("a number", b"5", ("", "5")),
    ("not UTF-8", b"\xff\xfe\xfa", ("", "\ufffd\ufffd\ufffd")),
    ("too deep", b"[" * 100_000, ("", "[" * 300)),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
def test_words(body: bytes, expected: tuple[str, str]) -> None:
    assert registry_words(body) == expected


@given(st.binary(max_size=200))
def test_any_body_has_words(body: bytes) -> None:
    code, said = registry_words(body)
    assert isinstance(code, str)
    assert isinstance(said, str)


_keys = st.sampled_from(["errors", "code", "message", "detail"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner),
    max_leaves=12,
)


@given(_json, st.integers(100, 599))
def test_any_json_is_an_error_that_can_be_shown(document: Any, status: int) -> None:
    error = _error(status, json.dumps(document).encode())
    assert isinstance(error, errors.RegistryError)
    assert printable(str(error), 10_000) == str(error)


def _error(status: int, body: bytes = b"", **headers: str) -> errors.RegistryError:
    answer = Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "https://r.io/v2/"
    )
    return error_of(answer, endpoint="r.io", reference="r.io/a:1", action="read it")


def _body(code: str, message: str = "") -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


MEANING = [
    # status, body, class
    (401, b"", errors.Unauthenticated),
    (403, b"", errors.Denied),
    (404, b"", errors.NotFound),
    (404, _body("MANIFEST_UNKNOWN"), errors.NotFound),
    (404, _body("UNKNOWN", "not found"), errors.NotFound),
    (404, _body("BLOB_UPLOAD_UNKNOWN"), errors.UploadSessionLost),
    (404, _body("BLOB_UPLOAD_INVALID"), errors.UploadSessionLost),
    (400, _body("BLOB_UPLOAD_INVALID"), errors.UploadSessionLost),
    (404, _body("MANIFEST_BLOB_UNKNOWN"), ManifestBlobUnknown),
    (400, _body("MANIFEST_BLOB_UNKNOWN"), ManifestBlobUnknown),
    (410, b"", errors.NotFound),
    (400, b"", errors.PolicyRefused),
    (400, _body("MANIFEST_INVALID"), errors.PolicyRefused),
    (400, _body("DIGEST_INVALID"), errors.UploadSessionLost),
    (400, _body("SIZE_INVALID"), errors.UploadSessionLost),
    (402, b"", errors.PolicyRefused),
    (405, _body("UNSUPPORTED"), errors.PolicyRefused),
    (406, b"", errors.PolicyRefused),
    (412, _body("PRECONDITION", "tag is immutable"), errors.ImmutableTag),
    (400, _body("X", "The requested tag already exists and cannot be overwritten."), errors.ImmutableTag),
    (400, _body("ImageTagAlreadyExistsException"), errors.ImmutableTag),
    (409, _body("DENIED", "tag v1 is immutable"), errors.ImmutableTag),
    (412, _body("PRECONDITION", "storage quota of the project is exceeded"), errors.QuotaExceeded),
    (412, _body("PROJECTPOLICYVIOLATION"), errors.PolicyRefused),
    (403, _body("DENIED", "will exceed the configured upper limit of 1 GiB"), errors.QuotaExceeded),
    (413, b"<html>", errors.PolicyRefused),
    (416, _body("RANGE_INVALID"), errors.RangeNotAccepted),
    (418, b"", errors.PolicyRefused),
    (422, b"", errors.PolicyRefused),
    (451, b"", errors.PolicyRefused),
    (408, b"", errors.ServerError),
    (425, b"", errors.ServerError),
    (499, b"", errors.ServerError),
    (500, b"", errors.ServerError),
    (501, b"", errors.PolicyRefused),
    (502, b"<html>", errors.ServerError),
    (503, b"", errors.ServerError),
    (504, b"", errors.ServerError),
    (507, b"", errors.PolicyRefused),
    (429, b"", errors.Throttled),
    (403, _body("TOOMANYREQUESTS"), errors.Throttled),
    (200, b"", errors.ServerError),
    (204, b"", errors.ServerError),
    (307, b"", errors.ServerError),
    (599, b"", errors.ServerError),
    (407, b"", errors.Unauthenticated),
]


@pytest.mark.parametrize(("status", "body", "kind"), MEANING)
def test_meaning(status: int, body: bytes, kind: type[errors.RegistryError]) -> None:
    error = _error(status, body)
    assert type(error) is kind
    assert error.status == status
    assert error.endpoint == "r.io"
    assert error.reference == "r.io/a:1"
    assert error.hint


def test_503_is_throttling_only_when_it_says_how_long() -> None:
    error = _error(503, retry_after="20")
    assert isinstance(error, errors.Throttled)
    assert error.retry_after == 20.0


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, _body("UNKNOWN", "write /var: no space left on device"), "storage is full"),
        (403, _body("DENIED", "quota exceeded"), "quota"),
        (403, _body("DENIED", "unknown manifest class for application/vnd.oci.empty.v1+json"), "images only"),
        (413, b"", "client_max_body_size"),
        (507, b"", "storage is full"),
        (407, b"", "user:password"),
    ],
)
def test_the_hint_says_what_to_do(status: int, body: bytes, words: str) -> None:
    assert words in _error(status, body).hint


def test_the_words_of_a_registry_cannot_command_a_terminal() -> None:
    error = _error(403, _body("DEN\x1b[2JIED", "no\x1b]0;x\x07\nsecond\u202eline"))
    assert str(error) == "r.io/a:1: cannot read it: no\\x1b]0;x\\x07 second\\u202eline (403 DEN\\x1b[2JIED)"


@pytest.mark.parametrize("body", [b"<html>portal</html>", b"", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_is_the_servers_fault(body: bytes) -> None:
    with pytest.raises(errors.ServerError, match="instead of a list"):
        Answer(200, {}, body, "https://r.io/").json("a list")
