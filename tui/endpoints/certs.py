"""Certificates other container tools are configured with: `certs.d/<host[:port]>/` folders.

Layout after docker (docs "Verify repository client with certificates") and containers-certs.d(5): `*.crt` are CA
certificates, `<name>.cert` with `<name>.key` is a client certificate.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase


@dataclass(frozen=True, slots=True)
class Certificates:
    """CA files to trust in addition, and the client certificate to present (both or neither)."""

    ca_files: tuple[Path, ...] = ()
    client_cert: Path | None = None
    client_key: Path | None = None


def certificate_roots(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the `certs.d` folders, the user's own before the system's."""
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    return (
        docker / "certs.d",
        config / "docker" / "certs.d",
        config / "containers" / "certs.d",
        Path("/etc/containers/certs.d"),
        Path("/etc/docker/certs.d"),
    )


def find_certificates(registry: str, roots: Sequence[Path]) -> Certificates:
    """Return what the folders `<root>/<registry>` hold: every CA, and the first client certificate.

    A folder the user may not enter is passed over, as docker's client does. Raises LocalError when a client
    certificate has no key beside it.
    """
    authorities: list[Path] = []
    pair: tuple[Path, Path] | None = None
    for root in roots:
        try:
            names = sorted(path for path in (root / registry).iterdir() if path.is_file())
        except OSError:
            continue  # absent, not a folder, or not for us
        authorities += [path for path in names if path.suffix == ".crt"]
        for certificate in names:
            if certificate.suffix == ".cert" and pair is None:
                pair = certificate, _key_of(certificate)
    return Certificates(tuple(authorities), *(pair or (None, None)))


def _key_of(certificate: Path) -> Path:
    key = certificate.with_suffix(".key")
    if not key.is_file():
        raise LocalError(
            phrase(
                "the client certificate {certificate} has no key {name} beside it",
                certificate=certificate,
                name=key.name,
            ),
            hint=N_("put the key there; a CA certificate is named *.crt instead"),
        )
    return key
