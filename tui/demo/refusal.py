"""How the demo registry says no: a status and errors in the JSON shape of the distribution specification."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from tui.oci.reference import is_digest


class Refusal(Exception):
    """Ends a request with an error (distribution-spec v1.1.1, "Error codes").

    One entry of `errors` is written for every item of `details` (at least one), as distribution does when
    several blobs of a manifest are missing. `headers` are added to the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *details: object,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.details = details or (None,)
        self.headers = headers or {}
        super().__init__(f"{status} {code}: {message}")

    def response(self) -> web.Response:
        """Return the response to send; aiohttp leaves the body out for HEAD."""
        errors = [{"code": self.code, "message": self.message, "detail": detail} for detail in self.details]
        return web.Response(
            status=self.status,
            body=json.dumps({"errors": errors}).encode(),
            headers={"Content-Type": "application/json", **self.headers},
        )


def checked_digest(text: str) -> str:
    """Return `text` when it is a digest this registry can check. Raises Refusal 400 DIGEST_INVALID otherwise."""
    if not is_digest(text):
        raise Refusal(400, "DIGEST_INVALID", "not a digest this registry can check", text)
    return text
