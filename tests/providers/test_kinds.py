"""What host names alone say."""

from __future__ import annotations

import pytest

from tui.providers.kinds import KINDS, TITLES, guess, host_of, vendor_of_address


@pytest.mark.parametrize(
    ("address", "kind", "title"),
    [
        ("docker.io", "dockerhub", "Docker Hub"),
        ("registry-1.docker.io:443", "dockerhub", "Docker Hub"),
        ("ghcr.io", "ghcr", "GitHub Container Registry"),
        ("quay.io", "quay", "Quay"),
        ("public.ecr.aws", "ecr", "Amazon ECR Public"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr", "Amazon ECR"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr", "Amazon ECR"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr", "Amazon ECR"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "ecr", "Amazon ECR"),
        ("europe-west3-docker.pkg.dev", "gar", "Google Artifact Registry"),
        ("eu.gcr.io", "gar", "Google Artifact Registry"),
        ("registry.cn-hangzhou.aliyuncs.com", "acr", "Alibaba Cloud ACR"),
        ("registry.aliyuncs.com", "acr", "Alibaba Cloud ACR"),
        ("registry-vpc.cn-hangzhou.aliyuncs.com", "acr", "Alibaba Cloud ACR (VPC)"),
        ("registry-internal.cn-hangzhou.aliyuncs.com", "acr", "Alibaba Cloud ACR (internal network)"),
        ("registry-intl.ap-southeast-1.aliyuncs.com", "acr", "Alibaba Cloud ACR"),
        ("registry-intl-vpc.ap-southeast-1.aliyuncs.com", "acr", "Alibaba Cloud ACR (VPC)"),
        ("crpi-0123456789abcdef.cn-beijing.personal.cr.aliyuncs.com", "acr", "Alibaba Cloud ACR Personal"),
        ("crpi-0123456789abcdef-vpc.cn-beijing.personal.cr.aliyuncs.com", "acr", "Alibaba Cloud ACR Personal (VPC)"),
        ("team-a-registry.cn-shanghai.cr.aliyuncs.com", "acr", "Alibaba Cloud ACR Enterprise"),
        ("team-a-registry-vpc.cn-shanghai.cr.aliyuncs.com", "acr", "Alibaba Cloud ACR Enterprise (VPC)"),
        ("team.tencentcloudcr.com", "tcr", "Tencent Cloud TCR Enterprise"),
        ("team-vpc.tencentcloudcr.com", "tcr", "Tencent Cloud TCR Enterprise (VPC)"),
        ("ccr.ccs.tencentyun.com", "tcr", "Tencent Cloud TCR Personal"),
        ("hkccr.ccs.tencentyun.com", "tcr", "Tencent Cloud TCR Personal"),
        ("harbor.example.com", "harbor", "Harbor"),
        ("Harbor.Example.com:8443", "harbor", "Harbor"),
        ("team.azurecr.io", "generic", "Azure Container Registry"),
        ("registry.gitlab.com", "generic", "GitLab"),
        ("localhost:5000", "generic", "OCI registry"),
        ("[::1]:5000", "generic", "OCI registry"),
        ("10.0.0.5", "generic", "OCI registry"),
        ("oss.cn-hangzhou.aliyuncs.com", "generic", "OCI registry"),
        ("tencentcloudcr.com.example.com", "generic", "OCI registry"),
        ("harborage.example.com", "generic", "OCI registry"),
    ],
)
def test_a_name_tells_whose_registry_it_is(address: str, kind: str, title: str) -> None:
    assert guess(address) == kind
    assert vendor_of_address(address).title == title


def test_parts_of_cloud_names() -> None:
    enterprise = vendor_of_address("team-a-registry-vpc.cn-shanghai.cr.aliyuncs.com")
    assert (enterprise.instance, enterprise.region, enterprise.network) == ("team-a", "cn-shanghai", "vpc")
    personal = vendor_of_address("crpi-0123-vpc.cn-beijing.personal.cr.aliyuncs.com")
    assert (personal.instance, personal.region, personal.edition) == ("crpi-0123", "cn-beijing", "personal")
    assert vendor_of_address("team-vpc.tencentcloudcr.com").instance == "team"
    ecr = vendor_of_address("123456789012.dkr.ecr.eu-west-1.amazonaws.com")
    assert (ecr.instance, ecr.region) == ("123456789012", "eu-west-1")
    assert vendor_of_address("123456789012.dkr-ecr.eu-west-1.on.aws").region == "eu-west-1"


def test_every_kind_has_a_title() -> None:
    assert set(TITLES) == {*KINDS, "layout"}


@pytest.mark.parametrize(
    ("address", "host"), [("A.example:5000", "a.example"), ("[::1]:5000", "::1"), ("x.example", "x.example")]
)
def test_host_of(address: str, host: str) -> None:
    assert host_of(address) == host
