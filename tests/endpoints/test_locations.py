from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tui.endpoints.locations import config_dir, endpoints_path, ensure_dir, state_dir, vault_path


def test_the_variables_of_regferry_win(tmp_path):
    environ = {"REGFERRY_CONFIG_DIR": str(tmp_path / "c"), "REGFERRY_STATE_DIR": "~/s"}
    assert config_dir(environ) == tmp_path / "c"
    assert state_dir(environ) == Path.home() / "s"
    assert endpoints_path(environ) == tmp_path / "c" / "endpoints.toml"
    assert vault_path(environ) == tmp_path / "c" / "vault.json"


def test_without_them_the_folders_are_the_user_s(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if sys.platform.startswith("linux"):
        assert config_dir({}) == tmp_path / "config" / "regferry"
        assert state_dir({}) == tmp_path / "state" / "regferry"
    assert config_dir({}).name == state_dir({}).name == "regferry"


def test_folders_are_made_private(tmp_path):
    made = ensure_dir(tmp_path / "a" / "b")
    assert made.stat().st_mode & 0o777 == 0o700


def test_nothing_heavy_is_imported_for_the_endpoint_list():
    program = (
        "import sys, tui.endpoints.file, tui.endpoints.resolve, tui.endpoints.locations; "
        "print(sorted({'keyring', 'cryptography', 'platformdirs', 'textual', 'httpx', 'tomli_w'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"
