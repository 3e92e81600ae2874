from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tui.endpoints.errors import InvalidEndpoint
from tui.endpoints.model import Endpoint


def test_an_endpoint_says_how_to_connect():
    endpoint = Endpoint(
        name="Harbor 1",
        address="harbor.example.com",
        verify=False,
        ca_file=Path("/ca.crt"),
        client_cert=Path("/c.cert"),
        client_key=Path("/c.key"),
        proxy="http://proxy:3128",
    )
    connection = endpoint.connection()
    assert (connection.registry, connection.scheme, connection.verify) == ("harbor.example.com", "https", False)
    assert connection.ca_files == (Path("/ca.crt"),)
    assert (connection.client_cert, connection.client_key) == (Path("/c.cert"), Path("/c.key"))
    assert connection.proxy == "http://proxy:3128"


def test_ids_differ_and_survive_a_rename():
    one = Endpoint("a", "a.example.com")
    assert Endpoint("a", "a.example.com").id != one.id
    assert replace(one, name="b").id == one.id


@pytest.mark.parametrize(
    "username", ["robot$library+ci", "user@1234567890.onaliyun.com", "tcr$svc", "阿里云@例子", "100036950234"]
)
def test_the_user_names_of_registries_are_taken_as_they_are(username):
    assert Endpoint("a", "a.example.com", username=username).username == username


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "a/b"}),
        ("address", {"address": "https://a.example.com"}),
        ("address", {"address": "index.docker.io"}),
        ("scheme", {"scheme": "ftp"}),
        ("store", {"store": "plaintext"}),
        ("client_key", {"client_cert": Path("/c.cert")}),
        ("client_cert", {"client_key": Path("/c.key")}),
        ("username", {"username": "a:b"}),
        ("username", {"username": "a\nb"}),
        ("password_env", {"store": "env"}),
        ("password_env", {"password_env": "MY PASSWORD"}),
        ("proxy", {"proxy": "proxy:3128"}),
        ("proxy", {"proxy": "http://proxy:port"}),
        ("id", {"id": "x"}),
        ("login", {"login": "sso"}),
        ("instance", {"instance": "cri/../x"}),
        ("api", {"api": "cr.cn-hangzhou.aliyuncs.com"}),
        ("api", {"api": "http://cr.cn-hangzhou.aliyuncs.com"}),
        ("api", {"api": "https://cr.cn-hangzhou.aliyuncs.com/path"}),
        ("api", {"api": "https://key:secret@cr.cn-hangzhou.aliyuncs.com"}),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_field(field, changes):
    with pytest.raises(InvalidEndpoint) as caught:
        Endpoint(**{"name": "a", "address": "a.example.com", **changes})
    assert caught.value.field == field


def test_a_proxy_password_is_refused_and_not_repeated():
    with pytest.raises(InvalidEndpoint) as caught:
        Endpoint("a", "a.example.com", proxy="http://bob:planted-secret@proxy:3128")
    assert caught.value.field == "proxy"
    assert "planted-secret" not in f"{caught.value} {caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize("api", ["", "https://cr-vpc.cn-hangzhou.aliyuncs.com", "http://127.0.0.1:8080"])
def test_the_api_of_a_cloud_is_a_host(api):
    assert Endpoint("a", "a.example.com", api=api).api == api
