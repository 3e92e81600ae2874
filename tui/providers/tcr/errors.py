"""What Tencent Cloud's API says went wrong, in words a person can act on.

Codes: "Common error codes" of Tencent Cloud API 3.0, and those of the `tcr` API (2019-09-24). Errors come with status
200: `{"Response": {"Error": {"Code", "Message"}, "RequestId"}}`.
"""

from __future__ import annotations

from typing import Any

from tui.oci.answers import Answer
from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError, ServerError, Throttled, Unauthenticated
from tui.oci.saying import N_
from tui.providers.api.call import ApiCall
from tui.providers.cloud import AlreadyThere, text
from tui.providers.refusals import CLOCK_HINT, Meaning, object_in, refusal

KEY_HINT = N_(
    "look in the console (Access Management, API keys) whether the key exists and is enabled, and store it again"
)
SECRET_HINT = N_("store the key again: the SecretKey does not belong to this SecretId")
TOKEN_HINT = N_("get another temporary key with its token and store all three again for the endpoint")
CAM_HINT = N_(
    "give the sub-account the policy that regferry shows for this namespace (console: Access Management, Policies)"
)
INSTANCE_HINT = N_("check the address of the endpoint; the key must be of the account the instance belongs to")
NAMESPACE_HINT = N_("create the namespace in the console of the instance, or let regferry create it")
QUOTA_HINT = N_("the instance has as many as its type allows: remove some, or have the limit raised")
THROTTLE_HINT = N_("Tencent Cloud limits calls of its API; regferry waits and goes on")

_KNOWN: dict[str, Meaning] = {
    "AuthFailure.SecretIdNotFound": (Unauthenticated, N_("Tencent Cloud does not know this SecretId"), KEY_HINT),
    "AuthFailure.InvalidSecretId": (Unauthenticated, N_("this is no SecretId of an API key"), KEY_HINT),
    "AuthFailure.SignatureFailure": (Unauthenticated, N_("the SecretKey is wrong"), SECRET_HINT),
    "AuthFailure.SignatureExpire": (Unauthenticated, N_("the clock of this machine is wrong"), CLOCK_HINT),
    "AuthFailure.TokenFailure": (Unauthenticated, N_("the token of this temporary key has expired"), TOKEN_HINT),
    "AuthFailure.UnauthorizedOperation": (Denied, N_("the account lacks a permission"), CAM_HINT),
    "InvalidParameter.ErrNamespaceExist": (AlreadyThere, N_("the namespace exists"), ""),
    "InvalidParameter.ErrRepoExist": (AlreadyThere, N_("the repository exists"), ""),
    "FailedOperation.ErrorTcrResourceConflict": (AlreadyThere, N_("it exists"), ""),
    "InvalidParameter.ErrNamespaceReserved": (
        PolicyRefused,
        N_("this name is reserved"),
        N_("choose another namespace"),
    ),
    "ResourceNotFound.ErrNoNamespace": (NotFound, N_("the namespace does not exist"), NAMESPACE_HINT),
    "ResourceNotFound.ErrNoRepo": (NotFound, N_("the repository does not exist"), ""),
    "ResourceInsufficient.ErrorInstanceNotRunning": (
        PolicyRefused,
        N_("the instance is not running"),
        N_("look at the state of the instance in the console"),
    ),
    "OperationDenied.QuotaOverLimit": (PolicyRefused, N_("a quota is used up"), QUOTA_HINT),
}
_BEGINNINGS: tuple[tuple[str, Meaning], ...] = (
    ("AuthFailure", (Unauthenticated, "", KEY_HINT)),
    ("UnauthorizedOperation", (Denied, N_("the account lacks a permission"), CAM_HINT)),
    ("RequestLimitExceeded", (Throttled, "", THROTTLE_HINT)),
    ("LimitExceeded", (PolicyRefused, "", QUOTA_HINT)),
    ("ResourceNotFound", (NotFound, "", INSTANCE_HINT)),
    ("InternalError", (ServerError, "", "")),
)


def judge(answer: Answer, call: ApiCall) -> RegistryError | None:
    """Return the error of an answer, None when it is none (a `tui.providers.api` Judge)."""
    error = response_of(answer).get("Error")
    if not isinstance(error, dict):
        if answer.status in call.accept:
            return None
        error = {}
    code = text(error, "Code")
    return refusal(answer, call, _meaning(answer, code), code=code, said=text(error, "Message"))


def response_of(answer: Answer) -> dict[str, Any]:
    """Return the `Response` object of an answer, an empty one when there is none."""
    response = object_in(answer).get("Response")
    return response if isinstance(response, dict) else {}


def _meaning(answer: Answer, code: str) -> Meaning:
    if code in _KNOWN:
        return _KNOWN[code]
    for beginning, meaning in _BEGINNINGS:
        if code.startswith(beginning):
            return meaning
    if answer.status == 429:
        return Throttled, "", THROTTLE_HINT
    if code:
        return PolicyRefused, "", ""
    # Everything but 200 comes of a gateway before the API.
    return ServerError, "", ""
