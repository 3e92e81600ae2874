"""What Alibaba Cloud's API says went wrong, in words a person can act on.

Codes: the "Common error codes" of Alibaba Cloud OpenAPI, and those of the `cr` API (2016-06-07 and 2018-12-01).
"""

from __future__ import annotations

from tui.oci.answers import Answer
from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError, ServerError, Throttled, Unauthenticated
from tui.oci.saying import N_
from tui.providers.api.call import ApiCall
from tui.providers.cloud import AlreadyThere, text
from tui.providers.refusals import CLOCK_HINT, Meaning, object_in, refusal

KEY_HINT = N_(
    "look in the RAM console whether the AccessKey exists and is enabled, and store it again for the endpoint"
)
SECRET_HINT = N_("store the AccessKey again: the secret does not belong to this AccessKey id")
STS_HINT = N_("get another temporary AccessKey with its STS token and store all three again for the endpoint")
RAM_HINT = N_("give the RAM user the policy that regferry shows for this namespace (RAM console, 'Grant Permission')")
INSTANCE_HINT = N_(
    "check the region and the instance of the endpoint; the AccessKey must be of the account the instance belongs to"
)
NAMESPACE_HINT = N_("create the namespace in the console of the Container Registry, or let regferry create it")
THROTTLE_HINT = N_("Alibaba Cloud limits calls of its API; regferry waits and goes on")

_KNOWN: dict[str, Meaning] = {
    "InvalidAccessKeyId.NotFound": (Unauthenticated, N_("Alibaba Cloud does not know this AccessKey"), KEY_HINT),
    "InvalidAccessKeyId.Inactive": (Unauthenticated, N_("this AccessKey is disabled"), KEY_HINT),
    "InvalidAccessKeyId": (Unauthenticated, N_("this AccessKey is not accepted"), KEY_HINT),
    "SignatureDoesNotMatch": (Unauthenticated, N_("the secret of the AccessKey is wrong"), SECRET_HINT),
    "IncompleteSignature": (Unauthenticated, N_("the secret of the AccessKey is wrong"), SECRET_HINT),
    "InvalidTimeStamp.Expired": (Unauthenticated, N_("the clock of this machine is wrong"), CLOCK_HINT),
    "InvalidSecurityToken.Expired": (Unauthenticated, N_("the STS token of this AccessKey has expired"), STS_HINT),
    "InvalidSecurityToken.Malformed": (Unauthenticated, N_("the STS token is not one"), STS_HINT),
    "InvalidSecurityToken.MismatchWithAccessKey": (
        Unauthenticated,
        N_("the STS token is of another AccessKey"),
        STS_HINT,
    ),
    "MissingSecurityToken": (
        Unauthenticated,
        N_("this AccessKey is temporary, and its STS token is missing"),
        STS_HINT,
    ),
    "NoPermission": (Denied, N_("the RAM user lacks a permission"), RAM_HINT),
    "NoPrivilege": (Denied, N_("the RAM user lacks a permission"), RAM_HINT),
    "INSTANCE_NOT_EXIST": (NotFound, N_("there is no such instance for this AccessKey"), INSTANCE_HINT),
    "INSTANCE_STATUS_NOT_SUPPORT": (
        PolicyRefused,
        N_("the instance is not running"),
        N_("look at the instance's state"),
    ),
    "NAMESPACE_NOT_EXIST": (NotFound, N_("the namespace does not exist"), NAMESPACE_HINT),
    "REPO_NOT_EXIST": (NotFound, N_("the repository does not exist"), ""),
    "SystemError": (ServerError, N_("the API failed"), ""),
    "SLB_SERVICE_ERROR": (ServerError, N_("the API failed"), ""),
}
_SIGNED_ANEW = ("SignatureNonceUsed",)


def judge(answer: Answer, call: ApiCall) -> RegistryError | None:
    """Return the error of an answer, None when it is none (a `tui.providers.api` Judge).

    The Enterprise API also refuses with status 200 and `"IsSuccess": false`.
    """
    document = object_in(answer)
    if answer.status in call.accept and document.get("IsSuccess") is not False:
        return None
    code = text(document, "Code", "code")
    said = text(document, "Message", "message")
    return refusal(answer, call, _meaning(answer, code), code=code, said=said)


def _meaning(answer: Answer, code: str) -> Meaning:
    if code in _KNOWN:
        return _KNOWN[code]
    if answer.status == 429 or code.startswith("Throttling"):
        return Throttled, "", THROTTLE_HINT
    if code in _SIGNED_ANEW or answer.status >= 500:
        return ServerError, "", ""
    if code.endswith("_ALREADY_EXIST") or code.endswith("_EXISTED"):
        return AlreadyThere, "", ""
    if code.startswith("InvalidTimeStamp"):
        return Unauthenticated, N_("the clock of this machine is wrong"), CLOCK_HINT
    if code.startswith(("InvalidAccessKeyId", "InvalidSecurityToken")) or answer.status == 401:
        return Unauthenticated, "", KEY_HINT
    if code.startswith(("Forbidden", "NoPermission")) or answer.status == 403:
        return Denied, N_("the RAM user lacks a permission"), RAM_HINT
    if code.endswith("_NOT_EXIST") or answer.status == 404:
        return NotFound, "", ""
    return PolicyRefused, "", ""
