"""image-syncer's files as tests write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from tui.plan.expand import expand
from tui.plan.image_syncer import load
from tui.plan.imported import Imported
from tui.plan.model import Plan

LISTED = ("latest", "v1.0", "v1.1", "v2.0", "aaa", "bbb", "v1.0-rc1")
H, A = "harbor.example.com", "registry.cn-hangzhou.aliyuncs.com"
D, E = "sha256:14b267eb38aa85fd12d0e168fffa2d8a6187ac53a14a0212b0d4fce8d729598c", "sha256:" + "25" * 32


def write(path: Path, value: object) -> Path:
    """Write a value as YAML or JSON, by the ending of the path; a string is written as it is."""
    if isinstance(value, str):
        path.write_text(value)
    else:
        path.write_text(json.dumps(value, indent=1) if path.suffix == ".json" else yaml.safe_dump(value))
    return path


def split(
    folder: Path,
    images: object,
    auth: object | None = None,
    environ: Mapping[str, str] | None = None,
    ending: str = "yaml",
    **default: str,
) -> Imported:
    """Write and load split files."""
    logins = write(folder / f"auth.{ending}", auth) if auth is not None else None
    rules = write(folder / f"images.{ending}", images)
    return load(None, logins, rules, environ=environ or {}, **default)


def combined(
    folder: Path, images: object, auth: object | None = None, ending: str = "json", **default: str
) -> Imported:
    """Write and load a combined file."""
    config = write(folder / f"config.{ending}", {"auth": auth or {}, "images": images})
    return load(config, None, None, environ={}, **default)


def tasks(plan: Plan, listed: tuple[str, ...] = LISTED) -> list[str]:
    """Return `source target` of everything the plan copies when every repository lists these tags."""
    return [f"{pair.source} {pair.target}" for rule in plan.rules for pair in expand(rule, rule.source, listed)]


def codes(imported: Imported) -> list[str]:
    """Return the codes of the warnings, without the one every migration has."""
    return [hazard.code for hazard in imported.hazards if hazard.code != "index-digest"]
