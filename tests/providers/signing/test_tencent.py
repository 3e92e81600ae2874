"""The signature against the examples of Tencent Cloud's documentation, step by step."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tui.providers.signing.tencent import authorization, canonical_request, scope_of, signature, signing_key

TIMESTAMP = 1551113065
BODY = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
HEADERS = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
WITH_ACTION = {**HEADERS, "x-tc-action": "DescribeInstances"}


def test_the_body() -> None:
    expected = "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    assert hashlib.sha256(BODY).hexdigest() == expected


def test_the_canonical_request() -> None:
    canonical, names = canonical_request(WITH_ACTION, BODY)
    assert names == "content-type;host;x-tc-action"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
    canonical, names = canonical_request(HEADERS, BODY)
    assert names == "content-type;host"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"


def test_the_key_is_derived_in_three_steps() -> None:
    secret = "*" * 32
    date = hmac.new(f"TC3{secret}".encode(), b"2019-02-25", hashlib.sha256).hexdigest()
    assert date == "da98fb70dcf6b112dc21038d1eeeb3a95c74b4dcb12c1131f864f6066bd02be0"
    assert scope_of("cvm", TIMESTAMP) == "2019-02-25/cvm/tc3_request"
    key = signing_key(secret, scope_of("cvm", TIMESTAMP))
    assert key.hex() == "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af"


@pytest.mark.parametrize(
    ("secret", "headers", "expected"),
    [
        ("*" * 32, WITH_ACTION, "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"),
        (
            "Gu5t9xGARNpq86cd98joQYCN3*******", WITH_ACTION,
            "be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3",
        ),
        (
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", HEADERS,
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
        ),
    ],
)  # fmt: skip
def test_the_signature(secret: str, headers: dict[str, str], expected: str) -> None:
    canonical, _ = canonical_request(headers, BODY)
    assert signature(secret, "cvm", TIMESTAMP, canonical) == expected


def test_a_request_to_the_registry_api() -> None:
    headers = {"content-type": "application/json", "host": "tcr.tencentcloudapi.com"}
    body = b'{"RegistryId":"tcr-0123abcd","TokenType":"temp"}'
    assert authorization("AKIDEXAMPLE", "EXAMPLEKEY", "tcr", 1767322800, headers, body) == (
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-01-02/tcr/tc3_request, SignedHeaders=content-type;host, "
        "Signature=6cfd431132d3c51e9703dda8f47a77d0b4011f6c4e25228b8ad6d4c47ffd7cfd"
    )


def test_the_date_is_that_of_utc() -> None:
    assert scope_of("tcr", 1767225599) == "2025-12-31/tcr/tc3_request"
    assert scope_of("tcr", 1767225600) == "2026-01-01/tcr/tc3_request"
