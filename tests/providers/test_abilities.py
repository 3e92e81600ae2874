"""What is known of each kind of registry, and which registry an endpoint is."""

from __future__ import annotations

from tests.support.chinese import in_chinese
from tui.endpoints.model import Endpoint
from tui.providers.abilities import SUBJECTS, abilities, vendor_at
from tui.providers.check_steps import Step, found_out
from tui.providers.kinds import KINDS, Vendor


def test_every_kind_says_something_in_both_languages() -> None:
    for kind in KINDS:
        known = abilities(Vendor(kind))
        assert known
        assert [each.subject for each in known] == [
            subject for subject in SUBJECTS if subject in {e.subject for e in known}
        ]
        for each in known:
            in_chinese(each.words)


def test_an_edition_has_abilities_of_its_own() -> None:
    enterprise = {each.subject for each in abilities(Vendor("acr", "enterprise"))}
    assert "immutability" in enterprise - {each.subject for each in abilities(Vendor("acr", "default"))}


def test_an_endpoint_is_what_its_address_and_its_last_test_say() -> None:
    by_name = vendor_at(Endpoint("a", "demo-registry-vpc.cn-hangzhou.cr.aliyuncs.com", kind="acr"))
    assert by_name.title == "Alibaba Cloud ACR Enterprise (VPC)"
    own_domain = Endpoint("b", "images.example.com", kind="acr", edition="enterprise", region="cn-beijing")
    assert (vendor_at(own_domain).title, vendor_at(own_domain).region) == ("Alibaba Cloud ACR Enterprise", "cn-beijing")
    assert vendor_at(Endpoint("c", "images.example.com", kind="something-new")) == Vendor()


def test_a_test_finds_out_what_nobody_said() -> None:
    steps = [Step("api", "ok", "", vendor=Vendor("harbor", version="2.13"))]
    assert found_out(Endpoint("a", "example.com"), steps)["kind"] == "harbor"
    assert found_out(Endpoint("a", "example.com", kind="quay"), steps) == {}
    assert found_out(Endpoint("a", "example.com"), []) == {}
