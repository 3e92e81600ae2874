"""Where regferry keeps its files: configuration (endpoints, vault) and state (runs)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tui.oci.errors import LocalError
from tui.oci.saying import phrase

CONFIG_VARIABLE = "REGFERRY_CONFIG_DIR"
STATE_VARIABLE = "REGFERRY_STATE_DIR"


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of endpoints.toml and the vault: `REGFERRY_CONFIG_DIR`, else the user's configuration."""
    if given := environ.get(CONFIG_VARIABLE):
        return Path(given).expanduser()
    from platformdirs import user_config_path

    return user_config_path("regferry", appauthor=False)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of runs and logs: `REGFERRY_STATE_DIR`, else the user's state folder."""
    if given := environ.get(STATE_VARIABLE):
        return Path(given).expanduser()
    from platformdirs import user_state_path

    return user_state_path("regferry", appauthor=False)


def endpoints_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the endpoint list."""
    return config_dir(environ) / "endpoints.toml"


def vault_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the encrypted vault."""
    return config_dir(environ) / "vault.json"


def ensure_dir(folder: Path) -> Path:
    """Create `folder` (mode 0700) when it is missing and return it.

    Raises LocalError that says what to do when it cannot be created or written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, PermissionError(13, "no permission to write there"))
    return folder


def unwritable(path: Path, error: OSError) -> LocalError:
    """Return the error for a file or folder of ours that cannot be written."""
    return LocalError(
        phrase("cannot write {path}: {strerror}", path=path, strerror=error.strerror or type(error).__name__),
        hint=phrase(
            "fix the permissions, or set {config_variable} and {state_variable} to folders you may write to",
            config_variable=CONFIG_VARIABLE,
            state_variable=STATE_VARIABLE,
        ),
    )
