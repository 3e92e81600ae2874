"""Where a registry may send us, and that a credential goes to nobody but its registry and the token server."""

from __future__ import annotations

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.oci.scripted import USER, Asked, Scripted, client, read, refused, reply, repository
from tui.oci.access import Credential
from tui.oci.errors import RegistryError, UntrustedAnswer
from tui.oci.reference import digest_of
from tui.oci.trust import _origin, check_destination, check_realm, origin, resolve, same_origin

BLOB = b"content of a blob"
DIGEST = digest_of(BLOB)
BASIC = 'Basic realm="r"'

ORIGINS = [
    ("https://r.io", ("https", "r.io", 443)),
    ("http://r.io/", ("http", "r.io", 80)),
    ("https://R.IO:8443/x?y#z", ("https", "r.io", 8443)),
    ("https://[::1]:5000/", ("https", "::1", 5000)),
    ("HTTPS://r.io", ("https", "r.io", 443)),
]


@pytest.mark.parametrize(("url", "expected"), ORIGINS)
def test_origin(url: str, expected: tuple[str, str, int]) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "r.io",
        "/v2/",
        "ftp://r.io/",
        "file:///etc/passwd",
        "null://token",
        "https://",
        "https://:443/",
        "https://r.io:port/",
        "https://r.io:99999/",
        "https://[::1/",
        "https://user@r.io/",
        "https://user:password@r.io/",
        "https://r.io@evil.io/",
        "https://r.io\\@evil.io/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UntrustedAnswer):
        origin(url)


@given(st.sampled_from(["", "http:", "https://", " https://r.io"]), st.text("htps:/\\@?#[]%. \t\nab1", max_size=30))
def test_what_comes_after_the_host_and_port_says_nothing_about_them(begin: str, rest: str) -> None:
    def found(text: str) -> object:
        try:
            return _origin(text)
        except UntrustedAnswer:
            return None

    try:
        by_its_beginning: object = origin(begin + rest)
    except UntrustedAnswer:
        by_its_beginning = None
    assert by_its_beginning == found(begin + rest)


def test_an_address_that_is_shown_is_printable() -> None:
    with pytest.raises(UntrustedAnswer) as caught:
        origin("ftp://\x1b[2J")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/v2/a?_state=x%2By==", "https://r.io/v2/a?_state=x%2By=="),
        ("?n=1&last=b", "https://r.io/v2/a/tags/list?n=1&last=b"),
        ("//cdn.io/x", "https://cdn.io/x"),
        ("https://cdn.io/x?s=%2f", "https://cdn.io/x?s=%2f"),
        ("", "https://r.io/v2/a/tags/list"),
    ],
)
def test_resolve(location: str, expected: str) -> None:
    assert resolve("https://r.io/v2/a/tags/list", location) == expected


@pytest.mark.parametrize("location", ["http://[", "//[::1", "https://[bad]/"])
def test_resolve_refuses_what_is_no_address(location: str) -> None:
    with pytest.raises(UntrustedAnswer):
        origin(resolve("http://r.io/v2/", location))


@given(st.text(max_size=80))
def test_any_location_is_an_address_or_refused(location: str) -> None:
    try:
        assert origin(resolve("https://r.io/v2/", location))[0] in ("http", "https")
    except UntrustedAnswer:
        return


INTERNAL = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "localhost",
    "localhost.",
    "x.localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "100.100.100.200",
    "[fd00:ec2::254]",
    "0.0.0.0",
    "[::]",
    "224.0.0.1",
    "metadata.google.internal",
    "metadata.google.internal.",
]


@pytest.mark.parametrize("host", INTERNAL)
def test_no_registry_sends_us_into_this_machine_or_the_metadata_service(host: str) -> None:
    for check in (check_realm, check_destination):
        with pytest.raises(UntrustedAnswer):
            check(f"https://{host}/x", "https://r.io/v2/", "r.io")


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "[fd12::1]"])
def test_a_public_address_does_not_send_us_into_a_private_network(host: str) -> None:
    with pytest.raises(UntrustedAnswer):
        check_destination(f"https://{host}/x", "https://8.8.8.8/v2/", "8.8.8.8")
    check_destination(f"https://{host}/x", "https://10.9.9.9/v2/", "10.9.9.9")
    check_destination(f"https://{host}/x", "https://harbor.corp/v2/", "harbor.corp")


RULES = [
    # realm or destination, registry, allowed
    ("https://auth.io/token", "https://r.io/v2/", True),
    ("https://r.io/token", "https://r.io/v2/", True),
    ("https://r.io:8443/token", "https://r.io/v2/", True),
    ("http://r.io/token", "https://r.io/v2/", False),
    ("http://auth.io/token", "https://r.io/v2/", False),
    ("http://auth.io/token", "http://r.io/v2/", True),
    ("https://auth.io/token", "http://r.io/v2/", True),
    ("http://127.0.0.1:1/token", "http://127.0.0.1:5000/v2/", True),
    ("http://127.0.0.2:1/token", "http://127.0.0.1:5000/v2/", True),
    ("http://localhost:1/token", "http://127.0.0.1:5000/v2/", True),
    ("http://169.254.169.254/token", "http://127.0.0.1:5000/v2/", False),
    ("http://169.254.169.254/token", "http://169.254.169.253/v2/", False),
    ("null://auth.io/token", "https://r.io/v2/", False),
]


@pytest.mark.parametrize(("url", "registry", "allowed"), RULES)
def test_rules(url: str, registry: str, allowed: bool) -> None:
    for check in (check_realm, check_destination):
        if allowed:
            check(url, registry, "r.io")
        else:
            with pytest.raises(UntrustedAnswer):
                check(url, registry, "r.io")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://r.io/x", True),
        ("https://r.io:443/x", True),
        ("https://R.io/", True),
        ("https://r.io:444/x", False),
        ("http://r.io/x", False),
        ("https://sub.r.io/x", False),
        ("https://r.io.evil.io/x", False),
    ],
)
def test_same_origin(url: str, expected: bool) -> None:
    assert same_origin(url, "https://r.io/v2/") is expected


# The same, with servers


def _basic(answer: web.StreamResponse, asked: Asked) -> web.StreamResponse:
    return answer if asked.authorization else refused(401, "UNAUTHORIZED", WWW_Authenticate=BASIC)


async def test_the_login_does_not_follow_a_redirect() -> None:
    async with Scripted(lambda asked: reply(body=BLOB)) as storage:

        def answering(asked: Asked) -> web.StreamResponse:
            elsewhere = reply(307, Location=f"{storage.url}/signed?sig=a%2Fb==&x")
            return _basic(elsewhere if "blobs" in asked.path else reply(), asked)

        async with Scripted(answering) as registry, client(registry.address, USER) as connected:
            assert await read(connected, repository(registry.address), DIGEST) == BLOB
        assert [asked.authorization for asked in registry.requests(part="blobs")] == ["Basic cm9ib3Q6c2VjcmV0"]
    [asked] = storage.asked
    assert asked.authorization == ""
    assert asked.path == "/signed?sig=a%2Fb==&x"


async def test_a_redirect_within_the_registry_keeps_the_login() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if "blobs" in asked.path:
            return _basic(reply(302, Location="/moved"), asked)
        return _basic(reply(body=BLOB), asked)

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        assert await read(connected, repository(registry.address), DIGEST) == BLOB
    assert registry.requests(part="/moved")[0].authorization


async def test_a_login_asked_for_by_another_host_is_not_given() -> None:
    async with Scripted(lambda asked: refused(401, "UNAUTHORIZED", WWW_Authenticate=BASIC)) as storage:

        def answering(asked: Asked) -> web.StreamResponse:
            return _basic(reply(307, Location=f"{storage.url}/x") if "blobs" in asked.path else reply(), asked)

        async with Scripted(answering) as registry, client(registry.address, USER) as connected:
            with pytest.raises(RegistryError):
                await read(connected, repository(registry.address), DIGEST)
    assert [asked.authorization for asked in storage.asked] == [""]


async def test_an_upload_elsewhere_goes_there_without_the_login() -> None:
    async with Scripted(lambda asked: reply(201)) as storage:

        def answering(asked: Asked) -> web.StreamResponse:
            return _basic(reply(202, Location=f"{storage.url}/up?sig=%2F+"), asked)

        async with Scripted(answering) as registry, client(registry.address, USER) as connected:
            upload = await connected.start_upload(repository(registry.address))
            await upload.finish(DIGEST, BLOB)
    [asked] = storage.asked
    assert asked.authorization == ""
    assert asked.path == f"/up?sig=%2F+&digest={DIGEST}"
    assert asked.body == BLOB


HOSTILE_LOCATIONS = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[",
    "ftp://127.0.0.1/",
    "http://user:password@{address}/v2/",
    "http://127.0.0.1:99999/",
    "http://ex ample/x",
    "http://metadata.google.internal/",
]


@pytest.mark.parametrize("location", HOSTILE_LOCATIONS)
async def test_a_hostile_location_is_an_error_and_no_request(location: str) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path == "/v2/":
            return reply()
        status = 202 if asked.method == "POST" else 307
        headers = {"Location": location.replace("{address}", registry.address)}
        return web.Response(status=status, headers=headers)

    async with Scripted(answering) as registry, client(registry.address, Credential("u", "p")) as connected:
        here = repository(registry.address)
        with pytest.raises(RegistryError):
            await connected.has_blob(here, DIGEST)
        with pytest.raises(RegistryError):
            await (await connected.start_upload(here)).finish(DIGEST, BLOB)
        assert len(registry.requests(part="/blobs/")) <= 4


async def test_a_circle_of_redirects_ends() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return reply() if asked.path == "/v2/" else reply(307, Location=asked.path)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError, match="circle"):
            await connected.has_blob(repository(registry.address), DIGEST)
