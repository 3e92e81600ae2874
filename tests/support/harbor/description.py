"""Harbor's own description of its API (swagger 2.0), to hold requests and answers against it.

openapi-core reads OpenAPI 3, so the description is rewritten first; what that leaves out is only prose. Objects are
closed on the way: a misspelt field is a mistake here, though Harbor itself would overlook it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

VARIABLE = "REGFERRY_HARBOR_SWAGGER"
BASE = "/api/v2.0"

_PARTS = {"definitions": "schemas", "parameters": "parameters", "responses": "responses"}
_REFUSALS = {
    str(status): {"$ref": f"#/components/responses/{status}"} for status in (400, 401, 403, 404, 409, 412, 422, 500)
}
_SCHEMA_KEYS = ("type", "format", "items", "enum", "minimum", "maximum", "default", "pattern", "minLength", "maxLength")


def description_file() -> Path | None:
    """Return the file with Harbor's description, None where there is none.

    `REGFERRY_HARBOR_SWAGGER` names it; else it is looked for in a folder `shared/data` beside the checkout.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(__file__).parents[4] / "shared" / "data" / "harbor-swagger.yaml"
    return path if path.is_file() else None


@dataclass
class Exchange:
    """One request and its answer, as they went over the wire (bodies not decoded, header names in lower case)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytes = b""


class Description:
    """Harbor's description, read once. `problems` says what is wrong with an exchange by it."""

    def __init__(self, path: Path) -> None:
        from openapi_core import OpenAPI

        self._document = openapi3(yaml.safe_load(path.read_text()))
        self._openapi = OpenAPI.from_dict(self._document)

    def problems(self, exchange: Exchange) -> list[str]:
        """Return what is wrong with the request and the answer, an empty list when they are as described."""
        from openapi_core.exceptions import OpenAPIError

        where = f"{exchange.method} {exchange.path}"
        found: list[str] = []
        request = _Request(exchange)
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            found.append(f"{where}: the request: {_said(error)}")
        found += [f"{where}: the parameter {name!r} is not known" for name in self._unknown(exchange)]
        try:
            self._openapi.validate_response(request, _Response(exchange))
        except OpenAPIError as error:
            found.append(f"{where}: the answer {exchange.status}: {_said(error)}")
        return found

    def _unknown(self, exchange: Exchange) -> list[str]:
        given = {name for name, _ in parse_qsl(exchange.query, keep_blank_values=True)}
        parts = exchange.path.removeprefix(BASE).split("/")
        for template, operations in self._document["paths"].items():
            pattern = template.split("/")
            fits = len(pattern) == len(parts) and all(
                want.startswith("{") or want == have for want, have in zip(pattern, parts, strict=True)
            )
            if fits and exchange.method.lower() in operations:
                listed = operations.get("parameters", []) + operations[exchange.method.lower()].get("parameters", [])
                known = {self._resolved(each)["name"] for each in listed}
                return sorted(given - known)
        return []

    def _resolved(self, parameter: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in parameter:
            return parameter
        found: dict[str, Any] = self._document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        return found


def openapi3(swagger: dict[str, Any]) -> dict[str, Any]:
    """Return a swagger 2.0 description as OpenAPI 3.0."""
    bodies = {name for name, each in swagger.get("parameters", {}).items() if each["in"] == "body"}
    assert not bodies, "shared body parameters are not rewritten here"
    components: dict[str, Any] = {
        "schemas": {name: _schema(each) for name, each in swagger["definitions"].items()},
        "parameters": {name: _parameter(each) for name, each in swagger.get("parameters", {}).items()},
        "responses": {name: _response(each) for name, each in swagger.get("responses", {}).items()},
    }
    paths = {path: _operations(item) for path, item in swagger["paths"].items()}
    return {
        "openapi": "3.0.3",
        "info": swagger["info"],
        "servers": [{"url": swagger["basePath"]}],
        "paths": paths,
        "components": components,
    }


def _operations(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    shared = item.get("parameters", [])
    if shared:
        found["parameters"] = [_parameter(each) for each in shared]
    for method, operation in item.items():
        if method == "parameters":
            continue
        parameters = operation.get("parameters", [])
        body = next((each for each in parameters if each.get("in") == "body"), None)
        made: dict[str, Any] = {
            "parameters": [_parameter(each) for each in parameters if each.get("in") not in ("body", "formData")],
            "responses": {
                status: _response(each, operation.get("produces")) for status, each in operation["responses"].items()
            },
        }
        # Harbor refuses in one way everywhere, whether an operation lists it or not.
        made["responses"] = {**_REFUSALS, **made["responses"]}
        if method == "head":
            made["responses"] = {status: {"description": "no body"} for status in made["responses"]}
        if body is not None:
            content = {"application/json": {"schema": _schema(body["schema"])}}
            made["requestBody"] = {"required": body.get("required", False), "content": content}
        found[method] = made
    return found


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter:
        return {"$ref": _reference(parameter["$ref"])}
    made: dict[str, Any] = {"name": parameter["name"], "in": parameter["in"]}
    if parameter.get("required"):
        made["required"] = True
    made["schema"] = _schema({key: parameter[key] for key in _SCHEMA_KEYS if key in parameter})
    return made


def _response(response: dict[str, Any], produces: list[str] | None = None) -> dict[str, Any]:
    if "$ref" in response:
        return {"$ref": _reference(response["$ref"])}
    made: dict[str, Any] = {"description": response.get("description", "")}
    if "schema" in response:
        schema = _schema(response["schema"])
        media_type = produces[0] if produces else "text/plain" if schema.get("type") == "string" else "application/json"
        made["content"] = {media_type: {"schema": schema}}
    headers = response.get("headers", {})
    if headers:
        made["headers"] = {
            name: {"schema": _schema({key: each[key] for key in _SCHEMA_KEYS if key in each})}
            for name, each in headers.items()
        }
    return made


def _schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": _reference(schema["$ref"])}
    made = {
        key: value
        for key, value in copy.copy(schema).items()
        if not key.startswith("x-") and key not in ("description", "title", "example")
    }
    if made.get("type") == "file":
        return {"type": "string", "format": "binary"}
    if made.get("type") == "array" or schema.get("x-nullable") or schema.get("x-isnullable"):
        # An empty list of Go's is `null`, whatever the description says.
        made["nullable"] = True
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _schema(each) for name, each in made["properties"].items()}
        made.setdefault("additionalProperties", False)
    for key in ("items", "allOf"):
        if key in made:
            made[key] = _schema(made[key])
    if isinstance(made.get("additionalProperties"), dict):
        # The attributes of an artifact are "objects" by the description, and are texts in truth.
        inner = made["additionalProperties"]
        made["additionalProperties"] = True if inner in ({"type": "object"}, {}) else _schema(inner)
    return made


def _reference(reference: str) -> str:
    _, kind, name = reference.split("/")
    return f"#/components/{_PARTS[kind]}/{name}"


class _Request:
    """A request as openapi-core wants it (its protocol `Request`)."""

    def __init__(self, exchange: Exchange) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        self.host_url = "http://localhost"
        self.path = exchange.path
        self.method = exchange.method.lower()
        self.content_type = exchange.headers.get("content-type", "application/json").partition(";")[0]
        self.body = exchange.body or None
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(exchange.query, keep_blank_values=True)),
            header=Headers(list(exchange.headers.items())),
            cookie=ImmutableMultiDict(),
        )


class _Response:
    """An answer as openapi-core wants it (its protocol `Response`)."""

    def __init__(self, exchange: Exchange) -> None:
        from werkzeug.datastructures import Headers

        self.status_code = exchange.status
        self.content_type = exchange.answer_headers.get("content-type", "application/json").partition(";")[0]
        self.headers = Headers(list(exchange.answer_headers.items()))
        self.data = exchange.answer


def _said(error: Exception) -> str:
    parts = [str(error)]
    cause = error.__cause__
    while cause is not None:
        parts.append(str(cause))
        for each in getattr(cause, "schema_errors", ()):
            parts.append(f"{each.json_path}: {each.message}")
        cause = cause.__cause__
    return "; ".join(dict.fromkeys(parts))[:1000]
