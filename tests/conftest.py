"""What holds for every test: it neither reads nor writes what belongs to whoever runs it."""

from __future__ import annotations

import pytest

_FOREIGN = (
    "REGISTRY_AUTH_FILE",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point settings, state, logins and keyring of this process to an empty place."""
    folder = tmp_path_factory.mktemp("own")
    for name, place in {
        "HOME": "home",
        "DOCKER_CONFIG": "docker",
        "REGFERRY_CONFIG_DIR": "config",
        "REGFERRY_STATE_DIR": "state",
    }.items():
        (folder / place).mkdir()
        monkeypatch.setenv(name, str(folder / place))
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
