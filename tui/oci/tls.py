"""TLS settings of a connection as an `ssl.SSLContext`."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from tui.oci.access import Connection
from tui.oci.errors import UntrustedAnswer
from tui.oci.saying import phrase


def context_for(connection: Connection) -> ssl.SSLContext:
    """Return the TLS context for a connection: the system's CAs, plus its own CA files and client certificate.

    Raises UntrustedAnswer naming the file that cannot be read.
    """
    return _context(connection.verify, connection.ca_files, connection.client_cert, connection.client_key)


@lru_cache(maxsize=64)
def _context(
    verify: bool, ca_files: tuple[Path, ...], client_cert: Path | None, client_key: Path | None
) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not ca_files and not context.cert_store_stats()["x509"] and not _has_capath():
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


def _has_capath() -> bool:
    paths = ssl.get_default_verify_paths()
    return paths.capath is not None and any(Path(paths.capath).iterdir())
