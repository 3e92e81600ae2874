from __future__ import annotations

import pytest

from tui.endpoints.certs import Certificates, certificate_roots, find_certificates
from tui.oci.errors import LocalError


def test_authorities_add_up_and_the_first_client_certificate_is_used(tmp_path):
    mine, system = tmp_path / "mine", tmp_path / "system"
    for root, names in ((mine, ("a.crt",)), (system, ("b.crt", "client.cert", "client.key", "notes.txt"))):
        folder = root / "harbor.example.com:8443"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    found = find_certificates("harbor.example.com:8443", [mine, tmp_path / "absent", system])
    folder = system / "harbor.example.com:8443"
    assert found.ca_files == (mine / "harbor.example.com:8443" / "a.crt", folder / "b.crt")
    assert (found.client_cert, found.client_key) == (folder / "client.cert", folder / "client.key")


def test_another_registry_has_none(tmp_path):
    (tmp_path / "harbor.example.com").mkdir()
    assert find_certificates("harbor.example.com:8443", [tmp_path]) == Certificates()


def test_a_client_certificate_without_key_is_an_error_with_its_path(tmp_path):
    (tmp_path / "a.example.com").mkdir()
    (tmp_path / "a.example.com" / "client.cert").touch()
    with pytest.raises(LocalError, match=r"client\.cert has no key client\.key"):
        find_certificates("a.example.com", [tmp_path])


def test_the_user_s_folders_come_before_the_system_s(tmp_path):
    roots = certificate_roots({"HOME": str(tmp_path), "DOCKER_CONFIG": "/docker"})
    assert [str(root) for root in roots] == [
        "/docker/certs.d",
        f"{tmp_path}/.config/docker/certs.d",
        f"{tmp_path}/.config/containers/certs.d",
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
    ]
