from __future__ import annotations

import pytest

from tui.endpoints.addresses import default_scheme, is_loopback, parse_address, registry_key
from tui.endpoints.errors import InvalidEndpoint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("harbor.example.com", (None, "harbor.example.com")),
        (" https://Harbor.Example.com/ ", ("https", "harbor.example.com")),
        ("http://10.0.0.5:5000", ("http", "10.0.0.5:5000")),
        ("harbor.example.com:443", (None, "harbor.example.com:443")),
        ("https://index.docker.io/v1/", ("https", "docker.io")),
        ("registry-1.docker.io", (None, "docker.io")),
        ("localhost:5000", (None, "localhost:5000")),
        ("[::1]:5000", (None, "[::1]:5000")),
    ],
)
def test_an_address_is_read_as_people_write_it(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("ftp://a.example.com", "http://"),
        ("harbor.example.com/library", "has a path"),
        ("harbor", "dot or a port"),
        ("", "dot or a port"),
        ("a..b.example:99", "dot or a port"),
    ],
)
def test_what_is_not_an_address_is_refused_with_the_reason(text, part):
    with pytest.raises(InvalidEndpoint, match=part) as caught:
        parse_address(text)
    assert caught.value.field == "address"


def test_user_information_is_refused_and_not_repeated():
    with pytest.raises(InvalidEndpoint) as caught:
        parse_address("https://bob:planted-secret@harbor.example.com")
    assert "planted-secret" not in f"{caught.value} {caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize("address", ["localhost", "localhost:5000", "127.0.0.1:80", "127.9.9.9", "[::1]:5000", "[::1]"])
def test_loopback_defaults_to_trying_both_schemes(address):
    assert is_loopback(address)
    assert default_scheme(address) == "auto"


@pytest.mark.parametrize("address", ["10.0.0.1:5000", "localhost.example.com", "[2001:db8::1]:5000", "127.example.com"])
def test_everything_else_defaults_to_https(address):
    assert not is_loopback(address)
    assert default_scheme(address) == "https"


def test_spellings_of_one_registry_have_one_key():
    assert registry_key("index.docker.io") == registry_key("registry-1.docker.io") == "docker.io"
    assert registry_key("Harbor.Example.com:443") == "harbor.example.com"
    assert registry_key("harbor.example.com:8443") == "harbor.example.com:8443"
