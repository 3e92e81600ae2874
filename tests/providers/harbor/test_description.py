"""The stand-in is held against Harbor's own description of its API, and that look finds what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.providers.harbor.conftest import harbor_description
from tests.support.harbor.description import VARIABLE, Description, Exchange


@pytest.fixture(scope="module")
def description() -> Description:
    """Harbor's description; without it the stand-in's answers and our requests are not held against anything."""
    found = harbor_description()
    if found is None:
        pytest.skip(f"Harbor's API description is not here: name the file in {VARIABLE} to hold requests against it")
    return found


def _exchange(
    method: str, path: str, query: str = "", *, body: Any = None, status: int = 200, answer: Any = None
) -> Exchange:
    headers = {"content-type": "application/json"}
    sent = b"" if body is None else json.dumps(body).encode()
    said = b"" if answer is None else json.dumps(answer).encode()
    return Exchange(method, f"/api/v2.0{path}", query, headers, sent, status, headers, said)


def test_what_is_as_described(description: Description) -> None:
    project = {"project_id": 1, "name": "x", "metadata": {"public": "true"}}
    assert description.problems(_exchange("GET", "/projects", "page=1&page_size=100", answer=[project])) == []
    artifact = {"digest": "sha256:0", "size": 3, "tags": None, "extra_attrs": {"os": "linux"}}
    path = "/projects/a/repositories/b%252Fc/artifacts"
    assert description.problems(_exchange("GET", path, "q=tags%3D*", answer=[artifact])) == []
    refusal = {"errors": [{"code": "FORBIDDEN", "message": "forbidden"}]}
    assert description.problems(_exchange("GET", path, status=403, answer=refusal)) == []


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (_exchange("GET", "/nothing"), "not found"),
        (_exchange("DELETE", "/projects"), "not found"),
        (_exchange("GET", "/projects", "page_size=101", answer=[]), "maximum"),
        (_exchange("GET", "/projects", "pagesize=1", answer=[]), "'pagesize' is not known"),
        (_exchange("HEAD", "/projects"), "project_name"),
        (_exchange("POST", "/projects", body={"name": "x"}, status=201), "'name' was unexpected"),
        (_exchange("POST", "/projects", body={"project_name": 7}, status=201), "not of type 'string'"),
        (_exchange("POST", "/replication/policies", body={"name": "p", "filter": []}, status=201), "unexpected"),
        (_exchange("GET", "/projects", answer=[{"project_id": "1"}]), "not of type 'integer'"),
        (_exchange("GET", "/projects", answer=[{"id": 1}]), "'id' was unexpected"),
        (_exchange("GET", "/projects", status=403, answer={"error": "x"}), "unexpected"),
        (_exchange("GET", "/projects", status=202, answer=[]), "202"),
    ],
)
def test_what_is_not(description: Description, exchange: Exchange, words: str) -> None:
    assert words in "; ".join(description.problems(exchange))
