"""Referrers: a manifest's `subject` and the list of end-12."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.demo.conftest import Api, Reply
from tui.demo.content import INDEX
from tui.demo.images import EMPTY, IMAGE
from tui.oci.reference import digest_of

SUBJECT = digest_of(b"an image that comes later")
SBOM, SIGNATURE = "application/spdx+json", "application/vnd.dev.sigstore.bundle.v0.3+json"


async def attach(api: Api, subject: str = SUBJECT, **more: Any) -> tuple[str, Reply]:
    """Push an artifact about `subject`; returns its digest and the answer."""
    empty = {"mediaType": EMPTY, "digest": await api.put_blob("team/app", b"{}"), "size": 2}
    fields = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": empty,
        "layers": [empty],
        "subject": {"mediaType": IMAGE, "digest": subject, "size": 3},
        **more,
    }
    digest = digest_of(json.dumps(fields).encode())
    return digest, await api.put_manifest("team/app", digest, fields)


async def listed(api: Api, query: str = "", subject: str = SUBJECT) -> Reply:
    reply = await api("GET", f"/v2/team/app/referrers/{subject}{query}")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == INDEX
    assert reply.json()["schemaVersion"] == 2
    assert reply.json()["mediaType"] == INDEX
    return reply


async def test_nothing_refers_to_what_is_not_known(api: Api) -> None:
    assert (await listed(api)).json()["manifests"] == []


async def test_a_referrer_is_listed_as_it_describes_itself(api: Api) -> None:
    """Also before its subject exists, which the specification demands."""
    digest, put = await attach(api, artifactType=SBOM, annotations={"made-by": "test"})
    assert (put.status, put.headers["OCI-Subject"]) == (201, SUBJECT)
    body = (await api("GET", f"/v2/team/app/manifests/{digest}")).body
    assert (await listed(api)).json()["manifests"] == [
        {
            "mediaType": IMAGE,
            "digest": digest,
            "size": len(body),
            "artifactType": SBOM,
            "annotations": {"made-by": "test"},
        }
    ]


async def test_the_config_is_the_type_where_there_is_no_other(api: Api) -> None:
    await attach(api)
    (entry,) = (await listed(api)).json()["manifests"]
    assert entry["artifactType"] == EMPTY
    assert "annotations" not in entry


async def test_an_index_can_refer_and_has_no_type(api: Api) -> None:
    fields = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [],
        "subject": {"mediaType": IMAGE, "digest": SUBJECT, "size": 3},
    }
    assert (await api.put_manifest("team/app", "about", fields)).headers["OCI-Subject"] == SUBJECT
    (entry,) = (await listed(api)).json()["manifests"]
    assert (entry["mediaType"], "artifactType" in entry) == (INDEX, False)


async def test_the_filter_is_applied_and_says_so(api: Api) -> None:
    sbom, _ = await attach(api, artifactType=SBOM)
    signature, _ = await attach(api, artifactType=SIGNATURE)
    everything = await listed(api)
    assert "OCI-Filters-Applied" not in everything.headers
    assert {entry["digest"] for entry in everything.json()["manifests"]} == {sbom, signature}
    for artifact_type, digests in ((SBOM, [sbom]), (SIGNATURE, [signature]), ("no/such", [])):
        filtered = await listed(api, f"?artifactType={quote(artifact_type, safe='')}")
        assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
        assert [entry["digest"] for entry in filtered.json()["manifests"]] == digests


async def test_pushing_twice_lists_once_and_deleting_unlists(api: Api) -> None:
    digest, _ = await attach(api)
    await attach(api)
    assert len((await listed(api)).json()["manifests"]) == 1
    await api("DELETE", f"/v2/team/app/manifests/{digest}")
    assert (await listed(api)).json()["manifests"] == []


async def test_referrers_stay_in_their_repository(api: Api) -> None:
    await attach(api)
    assert (await api("GET", f"/v2/team/other/referrers/{SUBJECT}")).json()["manifests"] == []


async def test_referrers_of_no_digest_are_refused(api: Api) -> None:
    reply = await api("GET", "/v2/team/app/referrers/latest")
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
