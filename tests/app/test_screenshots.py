"""The script that makes the pictures of the README still works, and the README shows pictures that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "screenshots" / "make.py"
WORDS = {
    "home-dark": ("Latest runs", "nightly-archive"),
    "endpoints-dark": ("datacentre", "does not work"),
    "add-endpoint-dark": ("Add an endpoint", "certificate trusted"),
    "browse-dark": ("library/nginx", "3 marked"),
    "details-dark": ("Layers of linux/amd64", "Manifests"),
    "plan-dark": ("overwrite", "unchanged", "saved by sharing"),
    "failures-dark": ("not allowed", "BLOB_UNKNOWN"),
    "runs-dark": ("all well", "failures left"),
    "guide-dark": ("Step 5 of 8", "mirror/library/nginx:1.25"),
    "guide-target-dark": ("Step 4 of 8", "Automatically Create Repository"),
    "run-dark": ("running", "at once", "2 execute"),
    "run-zh": ("mirror/charts/web:1.2.0",),
}


def words(picture: Path) -> str:
    """Return what is written in a picture; reading it fails when it is no XML."""
    return " ".join(
        "".join(element.itertext()) for element in ElementTree.parse(picture).iter() if "text" in element.tag
    )


def test_every_picture_is_made(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--quick", "--into", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    for name, expected in WORDS.items():
        shown = words(tmp_path / f"{name}.svg")
        for word in expected:
            assert word in shown, f"{name}: {word}"
        assert "only for pictures" not in shown
    if find_library("cairo"):
        assert (tmp_path / "run-dark.png").read_bytes().startswith(b"\x89PNG")


def test_the_readme_shows_pictures_that_are_there() -> None:
    shown = re.findall(r"screenshots/[\w-]+\.\w+", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    assert [name for name in shown if not (ROOT / name).is_file()] == []
