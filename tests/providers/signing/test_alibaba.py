"""The signature against Alibaba Cloud's own examples, and against requests of the registry's API."""

from __future__ import annotations

import hashlib

import pytest

from tui.providers.signing.alibaba import authorization, canonical_request, payload_hash, signature

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
NONCE = "3156853299f313e23d1673dc12e1703d"


def test_the_example_of_the_documentation() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": NONCE,
        "x-acs-version": "2014-05-26",
    }
    url = (
        "https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai"
        "&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
    )
    canonical, names = canonical_request("POST", url, headers, EMPTY)
    assert names == "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    assert authorization("YourAccessKeyId", "YourAccessKeySecret", "POST", url, headers, b"") == (
        f"ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders={names},"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_example_of_the_sdks() -> None:
    given = "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23"
    canonical, names = canonical_request("", "https://x/?test=ok&empty=", {"x-acs-test": "http,https"}, given)
    assert names == "x-acs-test"
    assert signature("secret", canonical) == "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3"


@pytest.mark.parametrize(
    ("method", "target", "action", "version", "digest", "signed"),
    [
        (
            "POST", "/?InstanceId=cri-0123456789abcdef", "GetAuthorizationToken", "2018-12-01",
            "383c97f68c57ad846d9813c00f62bba210d6c7d872815ab5db099bfe4b4c2dc4",
            "11e857fd81745b3035776632e31c0a5b22931c715f88b2a22a635be92e72d657",
        ),
        (
            "GET", "/tokens", "GetAuthorizationToken", "2016-06-07",
            "79288107cb78759980c05e6d4642ef39714037f99be7d6e98f84bd1fc8f60149",
            "90fc3b898a355848194647efcb699c99dcf6b70993921fcfa7bb1e788270e62f",
        ),
    ],
)  # fmt: skip
def test_requests_to_the_registry_api(
    method: str, target: str, action: str, version: str, digest: str, signed: str
) -> None:
    headers = {
        "Host": "cr.cn-hangzhou.aliyuncs.com",
        "X-Acs-Action": action,
        "x-acs-version": version,
        "x-acs-date": "2026-01-02T03:04:05Z",
        "x-acs-signature-nonce": NONCE,
        "x-acs-content-sha256": payload_hash(b""),
        "Accept": "application/json",
    }
    url = f"https://cr.cn-hangzhou.aliyuncs.com{target}"
    canonical, _ = canonical_request(method, url, headers, payload_hash(b""))
    assert hashlib.sha256(canonical.encode()).hexdigest() == digest
    assert signature("testsecret", canonical) == signed


def test_a_query_is_signed_as_it_means_not_as_it_was_written() -> None:
    one, _ = canonical_request("GET", "https://x/a?b=%7e&a=1*+2", {}, EMPTY)
    other, _ = canonical_request("GET", "https://x/a?a=1%2A%202&b=~", {}, EMPTY)
    assert one == other
    assert "a=1%2A%202&b=~" in one


def test_what_is_no_signed_header_changes_nothing() -> None:
    bare = canonical_request("GET", "https://x/", {"host": "x"}, EMPTY)
    assert canonical_request("GET", "https://x/", {"host": "x", "user-agent": "y"}, EMPTY) == bare
    assert canonical_request("GET", "https://x/", {"host": "y"}, EMPTY) != bare
