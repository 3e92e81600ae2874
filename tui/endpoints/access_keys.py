"""Access keys of clouds: not a login for any registry, but the right to ask the cloud's API for one.

The forms of their ids: Alibaba Cloud RAM (`LTAI...`, and `STS.` for temporary ones), Tencent Cloud CAM (`AKID...`, and
`IKID...`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tui.endpoints.model import Endpoint
from tui.oci.access import Connection, Credential, TemporaryLogin

Lender = Callable[[Endpoint, Connection, Credential], TemporaryLogin]
"""Returns who lends logins for an endpoint whose secret is an access key, asking nobody yet. Raises Unauthenticated
for a kind of endpoint that has no such keys."""

_FORMS = {
    "acr": re.compile(r"LTAI[0-9A-Za-z]{12,}|STS\.[0-9A-Za-z]+"),
    "tcr": re.compile(r"[AI]KID[0-9A-Za-z_-]{10,}"),
}

KEYED = frozenset(_FORMS)
"""The kinds of endpoints whose secret may be an access key."""


def is_access_key(endpoint: Endpoint, username: str) -> bool:
    """Return whether a secret with this user name is an access key: as the endpoint says, or by its form."""
    if endpoint.login != "auto":
        return endpoint.login == "key"
    form = _FORMS.get(endpoint.kind)
    return form is not None and form.fullmatch(username) is not None
