"""TLS settings of a connection as an `ssl.SSLContext`."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from tui.oci.access import Connection
from tui.oci.errors import UntrustedAnswer
from tui.oci.saying import phrase

_making = threading.Lock()
"""Nobody reads anew what another thread is reading."""


def context_for(connection: Connection) -> ssl.SSLContext:
    """Return the TLS context for a connection: the system's CAs, plus its own CA files and client certificate.

    Raises UntrustedAnswer naming the file that cannot be read.
    """
    with _making:
        return _context(connection.verify, connection.ca_files, connection.client_cert, connection.client_key)


def read_ahead() -> None:
    """Begin to read the system's CAs in a thread, which takes OpenSSL some 20 ms; who needs them soon finds them read.

    What goes wrong is for whoever needs them to tell.
    """

    def read() -> None:
        with suppress(OSError, UntrustedAnswer):
            context_for(Connection(""))

    threading.Thread(target=read, name="authorities", daemon=True).start()


@lru_cache(maxsize=64)
def _context(
    verify: bool, ca_files: tuple[Path, ...], client_cert: Path | None, client_key: Path | None
) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not ca_files and not _system_has_authorities():
        import certifi

        context.load_verify_locations(certifi.where())
    for path in ca_files:
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            raise UntrustedAnswer(
                phrase("the CA file {path} cannot be used: {error}", path=path, error=error)
            ) from error
    if client_cert is not None:
        try:
            # Without a password of ours OpenSSL would ask the terminal for one.
            context.load_cert_chain(client_cert, client_key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise UntrustedAnswer(
                phrase(
                    "the client certificate {client_cert} cannot be used: {error}", client_cert=client_cert, error=error
                )
            ) from error
    return context


@lru_cache(maxsize=1)
def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return paths.cafile is not None or (paths.capath is not None and any(Path(paths.capath).iterdir()))
