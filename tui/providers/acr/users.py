"""User names for the fixed password ("registry password") of Alibaba Cloud, and what is wrong with others.

Container Registry documentation, "Configure access credentials"; the user name is that of the account or RAM user,
the password another than that of the console.
"""

from __future__ import annotations

import re

from tui.oci.saying import N_, phrase

PASSWORD_HINT = N_(
    "the password is the one set in the console of the Container Registry (Access Credential), in this region and for "
    "this instance; it is not the password of the account"
)
RAM_USER_HINT = N_(
    "a RAM user logs in as name@account-alias (or name@account-id.onaliyun.com), and must have opened the console of "
    "the Container Registry once and set a password of its own there"
)
EXAMPLES = ("name@example.com", "aliyun4681828459", "user@account-alias", "user@1234567890123456.onaliyun.com")

_RAM_USER = re.compile(r"[^@\s]+@[^@\s]+")
_ACCOUNT_ID = re.compile(r"[0-9]{16}")
_TEMPORARY = re.compile(r"(?:cr_temp_user|temp_user_cr)")


def user_name_problem(username: str) -> tuple[str, str]:
    """Return why a user name will hardly be accepted with a fixed password, and what to do; two empty texts if it may.

    The registry decides: display names of accounts may have any letters.
    """
    if _ACCOUNT_ID.fullmatch(username):
        return N_("this is the number of an account and not its login name"), phrase(
            "{hint}; an account as shown there", hint=RAM_USER_HINT
        )
    if _TEMPORARY.fullmatch(username):
        return (
            N_("this is the user of a temporary login, which lasts an hour"),
            N_("store the AccessKey in its place: regferry gets temporary logins by itself and renews them"),
        )
    if ":" in username or username != username.strip():
        return N_("a user name has no ':' and no blanks around it"), RAM_USER_HINT
    if "@" in username and not _RAM_USER.fullmatch(username):
        return N_("this is neither an e-mail address nor the name of a RAM user"), RAM_USER_HINT
    return "", ""
