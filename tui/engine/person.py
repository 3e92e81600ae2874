"""Who works on this machine, as an audit names them."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping


def this_person(environ: Mapping[str, str] = os.environ) -> str:
    """Return `user@host`; who became root with sudo is named as well: `root (ann)@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in many containers
        user = str(os.getuid())
    before = environ.get("SUDO_USER", "")
    return f"{user}{f' ({before})' if before and before != user else ''}@{socket.gethostname()}"
