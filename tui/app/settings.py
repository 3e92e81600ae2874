"""What the user chose for the app itself: look and language, kept in settings.toml beside the endpoint list."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tui.endpoints.locations import config_dir


@dataclass(frozen=True, slots=True)
class Settings:
    """`theme` is a name of `themes.THEMES`, `language` one of `i18n.LANGUAGES`; '' leaves it to the terminal."""

    theme: str = ""
    language: str = ""


def settings_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the settings are kept."""
    return config_dir(environ) / "settings.toml"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; what is missing or cannot be used is as if it had not been set.

    The look of the app is never a reason not to open it.
    """
    try:
        document = tomllib.loads(settings_path(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, not readable, not UTF-8, not TOML
        return Settings()
    texts = {key: value for key, value in document.items() if isinstance(value, str)}
    return Settings(texts.get("theme", ""), texts.get("language", ""))


def save(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Write the settings. Raises LocalError. Blocks for the disk: call it in a thread."""
    import tomli_w

    from tui.endpoints.private_file import write_private

    document = {key: value for key, value in asdict(settings).items() if value}
    write_private(settings_path(environ), tomli_w.dumps(document).encode())
