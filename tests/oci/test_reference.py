"""References: the grammar of the distribution project, Docker's normalisation, digests."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.reference import (
    InvalidReference,
    Reference,
    Repository,
    contradicts,
    digest_of,
    is_digest,
    is_repository,
    is_tag,
    new_hash,
    split_registry,
)

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8

GOOD = [
    # text, registry, path, tag, digest
    ("nginx", "docker.io", "library/nginx", "", ""),
    ("nginx:1.25", "docker.io", "library/nginx", "1.25", ""),
    ("docker.io/nginx", "docker.io", "library/nginx", "", ""),
    ("index.docker.io/nginx", "docker.io", "library/nginx", "", ""),
    ("registry-1.docker.io/team/app:1", "docker.io", "team/app", "1", ""),
    ("registry.hub.docker.com/library/nginx", "docker.io", "library/nginx", "", ""),
    ("team/app", "docker.io", "team/app", "", ""),
    ("docker.io/library/nginx", "docker.io", "library/nginx", "", ""),
    ("localhost/app", "localhost", "app", "", ""),
    ("localhost", "docker.io", "library/localhost", "", ""),
    ("localhost:5000", "docker.io", "library/localhost", "5000", ""),
    ("localhost:5000/app", "localhost:5000", "app", "", ""),
    ("example.com", "docker.io", "library/example.com", "", ""),
    ("example.com/app", "example.com", "app", "", ""),
    ("Host/app", "Host", "app", "", ""),
    ("harbor:443/a/b/c/d:v1", "harbor:443", "a/b/c/d", "v1", ""),
    ("127.0.0.1:65535/app", "127.0.0.1:65535", "app", "", ""),
    ("[::1]:5000/app:t", "[::1]:5000", "app", "t", ""),
    ("[fe80::1]/app", "[fe80::1]", "app", "", ""),
    (f"r.io/app@{SHA256}", "r.io", "app", "", SHA256),
    (f"r.io/app:v1@{SHA256}", "r.io", "app", "v1", SHA256),
    (f"r.io/app@{SHA512}", "r.io", "app", "", SHA512),
    ("r.io/a.b/c_d/e__f/g-h/i---j", "r.io", "a.b/c_d/e__f/g-h/i---j", "", ""),
    ("r.io/app:_", "r.io", "app", "_", ""),
    ("r.io/app:A.b-C_9", "r.io", "app", "A.b-C_9", ""),
    (f"r.io/app:{'t' * 128}", "r.io", "app", "t" * 128, ""),
    (f"r.io/{'a' * 255}", "r.io", "a" * 255, "", ""),
    ("1.2.3.4/5", "1.2.3.4", "5", "", ""),
]

BAD = [
    "",
    " ",
    "/",
    "/nginx",
    "nginx/",
    "a//b",
    "r.io/",
    "r.io/App",
    "NGINX",
    "r.io/app:",
    "r.io/app:-t",
    "r.io/app:.t",
    "r.io/app:a b",
    "r.io/app:ä",
    f"r.io/app:{'t' * 129}",
    f"r.io/{'a' * 256}",
    "r.io/app@",
    "r.io/app@sha256",
    "r.io/app@sha256:abc",
    f"r.io/app@sha256:{'A' * 64}",
    f"r.io/app@sha256:{'0' * 63}",
    f"r.io/app@sha256:{'0' * 65}",
    f"r.io/app@sha512:{'0' * 64}",
    f"r.io/app@md5:{'0' * 32}",
    f"r.io/app@{SHA256}@{SHA256}",
    f"r.io/app@{SHA256}:tag",
    "r.io/a..b",
    "r.io/a._b",
    "r.io/a___b",
    "r.io/.a",
    "r.io/a.",
    "r.io/-a",
    "r.io/a-",
    "r.io/a/../b",
    "https://r.io/app",
    "-r.io/app",
    "r-.io/app",
    "r_x.io/app",
    "r.io:/app",
    "r.io:port/app",
    "r.io:0/app",
    "r.io:65536/app",
    f"r.io:{'9' * 5000}/app",
    "[::1/app",
    "r.io/app\n",
    "r.io/app:t\n",
    f"r.io/app@{SHA256}\n",
    "r.io/app\x00",
    "user@r.io/app",
    "a" * 64,
    "r.io/app:t?x=1",
    "r.io/app#f",
    "r.io/app%2fb",
]


@pytest.mark.parametrize(("text", "registry", "path", "tag", "digest"), GOOD)
def test_parse(text: str, registry: str, path: str, tag: str, digest: str) -> None:
    assert Reference.parse(text) == Reference(Repository(registry, path), tag, digest)


@pytest.mark.parametrize(("text", "registry", "path", "tag", "digest"), GOOD)
def test_what_is_written_is_read_back_the_same(text: str, registry: str, path: str, tag: str, digest: str) -> None:
    reference = Reference.parse(text)
    assert Reference.parse(str(reference)) == reference
    assert str(reference) == f"{registry}/{path}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"


@pytest.mark.parametrize("text", BAD)
def test_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidReference, match=r".+: .+"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("r.io/App", "upper case"),
        ("r.io/app:-", "not a tag"),
        ("r.io:99999/app", "not a registry host"),
        ("r.io/app@sha256:1", "no digest"),
        (f"r.io/app@blake3:{'0' * 64}", "unsupported digest algorithm"),
        (f"r.io/{'a' * 256}", "longer than 255"),
        ("0" * 64, "image id"),
    ],
)
def test_the_reason_names_the_part(text: str, words: str) -> None:
    with pytest.raises(InvalidReference, match=words):
        Reference.parse(text)


def test_a_digest_goes_before_the_tag() -> None:
    reference = Reference.parse(f"r.io/app:v1@{SHA256}")
    assert reference.target == SHA256
    assert Reference.parse("r.io/app:v1").target == "v1"
    assert Reference.parse("r.io/app").target == ""


def test_with_target_and_pinned() -> None:
    reference = Reference.parse("r.io/app:v1")
    assert str(reference.with_target("v2")) == "r.io/app:v2"
    assert str(reference.with_target(SHA256)) == f"r.io/app@{SHA256}"
    assert str(reference.pinned(SHA256)) == f"r.io/app:v1@{SHA256}"


def test_a_repository_takes_no_tag_and_no_digest() -> None:
    assert Repository.parse("nginx") == Repository("docker.io", "library/nginx")
    for text in ("nginx:1", f"nginx@{SHA256}"):
        with pytest.raises(InvalidReference, match="a repository was expected"):
            Repository.parse(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b", ("docker.io", "a/b")),
        ("a.b/c", ("a.b", "c")),
        ("a:1/c", ("a:1", "c")),
        ("A/c", ("A", "c")),
        ("localhost/c", ("localhost", "c")),
        ("a.b", ("docker.io", "a.b")),
    ],
)
def test_split_registry(name: str, expected: tuple[str, str]) -> None:
    assert split_registry(name) == expected


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_digests_we_can_compute(digest: str) -> None:
    assert is_digest(digest)
    assert not is_digest(digest.upper())
    assert not is_digest(digest + "0")
    assert not is_digest(digest[:-1] + "g")
    assert not is_digest(digest + "\n")
    hashed = new_hash(digest)
    hashed.update(b"content")
    assert f"{hashed.name}:{hashed.hexdigest()}" == digest_of(b"content", digest.partition(":")[0])


def test_the_digest_is_the_algorithm_and_lower_case_hex() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_of(b"x", "sha512") == f"sha512:{hashlib.sha512(b'x').hexdigest()}"
    with pytest.raises(ValueError, match="unsupported hash type"):
        new_hash("blake7:00")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (SHA256, False),
        (f"sha256:{'0' * 64}", True),
        (SHA512, False),
        ("", False),
        ("sha256:short", False),
    ],
)
def test_only_a_digest_of_the_same_algorithm_contradicts(said: str, expected: bool) -> None:
    assert contradicts(said, SHA256) is expected


_component = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) < 60)
_path = st.lists(_component, min_size=1, max_size=4).map("/".join).filter(lambda text: len(text) < 250)
_tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
_label = st.from_regex(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
_host = st.builds(
    lambda labels, port: ".".join(labels) + (f":{port}" if port else ""),
    st.lists(_label, min_size=2, max_size=4),
    st.none() | st.integers(1, 65535),
)
_digest = st.binary().map(digest_of) | st.binary().map(lambda body: digest_of(body, "sha512"))


@given(_host, _path, st.just("") | _tag, st.just("") | _digest)
def test_every_reference_of_the_grammar_round_trips(host: str, path: str, tag: str, digest: str) -> None:
    reference = Reference(Repository(host, path), tag, digest)
    assert Reference.parse(str(reference)) == reference


@given(st.text())
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference
    assert is_repository(reference.repository.path)
    assert not reference.tag or is_tag(reference.tag)
    assert not reference.digest or is_digest(reference.digest)
