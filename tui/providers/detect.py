"""Which registry is at an address: kind, scheme, TLS and way of login, from its first answer.

Signs used: the Bearer realm and service (token specification of the distribution project) and headers that the
products send of their own accord. No login is sent, and a certificate that is not trusted is only looked past to
name who answers.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from tui.oci.access import Connection
from tui.oci.answers import SOME_NETWORKS_ONLY
from tui.oci.challenge import Challenge
from tui.oci.errors import RegistryError, UntrustedAnswer
from tui.oci.place import is_archive, is_place, path_of
from tui.oci.saying import N_, phrase
from tui.oci.text import printable
from tui.providers.kinds import Kind, Vendor, guess, vendor_of_address
from tui.providers.probe import Reply, ask, find_scheme, unverified
from tui.providers.tls_words import certificate_problem

Auth = Literal["none", "basic", "bearer", "unknown"]
Tls = Literal["trusted", "untrusted", "unverified", "none", "unknown"]
"""`none` is plain http, `unverified` was not checked because the connection says so, `unknown` nothing answered."""

__all__ = ["Detected", "detect", "guess", "kind_asking", "vendor_of"]

_PRODUCT = re.compile(r"(?P<name>[A-Za-z][A-Za-z -]*)/?v?(?P<version>[0-9][0-9A-Za-z.+-]*)?")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Detected:
    """What is at an address.

    `reachable` is whether anything answered, `registry` whether that was a registry. `realm_host` is where a Bearer
    login goes, `seconds` the time of the first answer. `problem` and `hint` say what is in the way, '' when nothing
    is; with `tls` `untrusted` they are about the certificate.
    """

    address: str
    vendor: Vendor
    reachable: bool = False
    registry: bool = False
    scheme: Literal["https", "http", ""] = ""
    tls: Tls = "unknown"
    auth: Auth = "unknown"
    realm_host: str = ""
    service: str = ""
    seconds: float = 0.0
    problem: str = ""
    hint: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of registry."""
        return self.vendor.kind

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.vendor.title


async def detect(connection: Connection) -> Detected:
    """Find out what is at `connection.registry`; never raises because of what is or is not there.

    https is tried first, and plain http where nothing speaks TLS even if the connection says https: the answer tells
    what is there, not what should be used.
    """
    address = connection.registry
    if is_place(address):
        return await asyncio.to_thread(_place, address)
    problem = hint = ""
    tls: Tls = "trusted" if connection.verify else "unverified"
    looking = connection if connection.scheme == "http" else replace(connection, scheme="auto")
    try:
        try:
            reply = await find_scheme(looking)
        except UntrustedAnswer as error:
            problem, hint = certificate_problem(error)
            if not problem:
                raise
            tls = "untrusted"
            reply = await ask(unverified(connection), "https")
    except RegistryError as error:
        vendor = vendor_of_address(address)
        return Detected(address, vendor, problem=problem or error.message, hint=hint or error.hint)
    if reply.url.startswith("http:"):
        tls = "none"
    trusting = unverified(connection) if tls == "untrusted" else connection
    return await _described(trusting, reply, tls, problem, hint)


def _place(address: str) -> Detected:
    """Look whether a folder or tar on a disk is there."""
    path, vendor = path_of(address), vendor_of_address(address)
    if is_archive(address):
        # One that is not there yet is written by the first copy, as a folder is made by it.
        there = path.is_file() or not path.exists()
        problem, hint = N_("this is no file"), N_("name a folder, or a tar that ends in .tar")
    else:
        # A folder that is not there yet is where the first copy goes.
        there = path.is_dir() or not path.exists()
        problem, hint = N_("this is no folder"), N_("name a folder, or a tar that ends in .tar")
    if not there:
        return Detected(address, vendor, problem=problem, hint=hint)
    return Detected(address, vendor, reachable=True, registry=True, auth="none")


def vendor_of(address: str, reply: Reply) -> Vendor:
    """Return whose registry gave `reply`: a well-known host name first, then what the answer says."""
    named = vendor_of_address(address)
    bearer = next((challenge for challenge in reply.challenges if challenge.scheme == "bearer"), None)
    service = bearer.parameters.get("service", "") if bearer else ""
    realm = bearer.parameters.get("realm", "") if bearer else ""
    if service.startswith("registry.aliyuncs.com:"):
        return _alibaba(named, service)
    if named.kind not in ("generic", "harbor"):
        return named
    if service == "harbor-registry" or realm.endswith("/service/token"):
        at_tencent = _host(realm).endswith(".tencentcloudcr.com")
        return vendor_of_address(_host(realm)) if at_tencent else Vendor("harbor")
    if realm.endswith("/v2/auth"):
        return Vendor("quay")
    by_realm = vendor_of_address(_host(realm)) if realm else Vendor()
    if by_realm.kind in ("ecr", "gar", "ghcr"):
        return by_realm
    return _by_product(named, reply, service, realm)


def kind_asking(address: str, challenge: Challenge | None) -> Kind:
    """Return the kind of a registry by its name, and by how it asks for a login where that is known."""
    if challenge is None:
        return vendor_of_address(address).kind
    return vendor_of(address, Reply("", 401, {}, (challenge,), b"", 0.0)).kind


def _alibaba(named: Vendor, service: str) -> Vendor:
    # registry.aliyuncs.com:<region>:<number>, or with the id of an Enterprise instance at the end
    _, region, *rest = f"{service}:".split(":")
    last = next((part for part in reversed(rest) if part), "")
    if last.startswith("cri-"):
        return replace(named, kind="acr", edition="enterprise", region=region, instance=last, product="")
    edition = named.edition if named.kind == "acr" and named.edition else "default"
    return replace(named, kind="acr", edition=edition, region=region, product="")


def _by_product(named: Vendor, reply: Reply, service: str, realm: str) -> Vendor:
    headers = reply.headers
    basic = next((c.parameters.get("realm", "") for c in reply.challenges if c.scheme == "basic"), "")
    if "x-jfrog-version" in headers or "x-artifactory-id" in headers or "artifactory" in basic.lower():
        return _product("JFrog Artifactory", headers.get("x-jfrog-version", ""))
    if headers.get("server", "").startswith("Nexus") or "nexus" in basic.lower():
        return _product("Sonatype Nexus", headers.get("server", ""))
    if service == "container_registry":
        return Vendor(product="GitLab" if realm.endswith("/jwt/auth") else "Gitea or Forgejo")
    if _host(realm).endswith((".azurecr.io", ".azurecr.cn")):
        return Vendor(product="Azure Container Registry")
    # The host may be called harbor and be anything: the answer decides, if there was a challenge at all.
    return named if named.kind == "generic" or not reply.challenges else Vendor()


def _product(name: str, said: str) -> Vendor:
    match = _PRODUCT.match(said)
    return Vendor(product=name, version=(match["version"] or "") if match else "")


async def _described(connection: Connection, reply: Reply, tls: Tls, problem: str, hint: str) -> Detected:
    address = connection.registry
    scheme: Literal["https", "http"] = "http" if tls == "none" else "https"
    vendor = vendor_of(address, reply)
    wrong, advice = no_registry(reply)
    if not wrong:
        vendor = await with_version(connection, reply, vendor)
    schemes = [challenge.scheme for challenge in reply.challenges]
    bearer = next((challenge for challenge in reply.challenges if challenge.scheme == "bearer"), None)
    auth: Auth = "bearer" if bearer else "basic" if "basic" in schemes else "unknown"
    return Detected(
        address=address,
        vendor=vendor,
        reachable=True,
        registry=not wrong,
        scheme=scheme,
        tls=tls,
        auth="none" if reply.status == 200 else auth,
        realm_host=printable(_host(bearer.parameters.get("realm", "")), 255) if bearer else "",
        service=printable(bearer.parameters.get("service", ""), 255) if bearer else "",
        seconds=reply.seconds,
        problem=problem or wrong,
        hint=hint or advice,
    )


def no_registry(reply: Reply) -> tuple[str, str]:
    """Return why an answer to `/v2/` is not that of a registry, and what to do; two empty texts when it is one."""
    if reply.status in _REDIRECTS:
        where = printable(reply.headers.get("location", ""), 200)
        return phrase("it sends us away to {where}", where=where), N_(
            "use the address and scheme it is sent to, if that is the registry"
        )
    if reply.status == 403:
        return (
            N_("access is denied before any login"),
            SOME_NETWORKS_ONLY,
        )
    if reply.status == 404:
        return N_("there is no registry API at this address"), N_(
            "check the port, and that the address is not of a web page"
        )
    if reply.status in (502, 503, 504):
        return phrase("the registry is not available (HTTP {status})", status=reply.status), N_(
            "try again later, or look at the registry"
        )
    if reply.status not in (200, 401):
        return phrase("it answers with HTTP status {status}", status=reply.status), N_(
            "check that the address is that of a registry"
        )
    api = reply.headers.get("docker-distribution-api-version", "").lower().startswith("registry/2")
    said = reply.challenges if reply.status == 401 else _is_json(reply.body)
    if api or said:
        return "", ""
    return N_("something else than a registry answers, perhaps a portal or a proxy"), N_(
        "check the address and the proxy"
    )


async def with_version(connection: Connection, reply: Reply, vendor: Vendor) -> Vendor:
    """Return the vendor with a Harbor's version, by its REST API; any other as it is.

    `/api/version` came with 2.0, and 1.x tells in its system info.
    """
    if vendor.kind != "harbor":
        return vendor
    scheme = "http" if reply.url.startswith("http:") else "https"
    try:
        reply = await ask(connection, scheme, "/api/version")
        if reply.status == 200:
            return replace(vendor, version=_text(reply.body, "version").removeprefix("v"))
        reply = await ask(connection, scheme, "/api/systeminfo")
    except RegistryError:
        # It only names the version; the registry itself did answer.
        return vendor
    if reply.status != 200:
        return vendor
    return replace(vendor, version=_text(reply.body, "harbor_version").removeprefix("v") or "1.x")


def _text(body: bytes, key: str) -> str:
    try:
        value = json.loads(body)[key]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return printable(value, 60) if isinstance(value, str) else ""


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return False
    return True


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
