"""What holds for every test: it neither reads nor writes what belongs to whoever runs it."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no fault of what is tested; in CI the same examples are tried every time.
settings.register_profile(
    "regferry",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("regferry")

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
_LONG = ("tests/faults/", "tests/real/", "tests/app/test_screenshots.py", "long_run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take long go first, so that no worker begins one of them when the others have ended."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in _LONG))


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
