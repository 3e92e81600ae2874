"""The table of faults tells the truth: every row is there, and every test it names."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = (TESTS / "faults.md").read_text()


def rows() -> dict[int, str]:
    """Return the last column of every row by its number."""
    found = re.findall(r"^\| (\d+) \|[^|]+\|([^|]+)\|$", TABLE, re.MULTILINE)
    return {int(number): text.strip() for number, text in found}


def test_every_row_of_the_catalogue_has_a_test_or_a_reason() -> None:
    assert list(rows()) == list(range(1, 116))
    for number, text in rows().items():
        assert "::test_" in text or text.startswith("none"), number


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE)
    assert len(named) > 100
    missing = [f"{file}::{name}" for file, name in named if not _is_there(TESTS / file, name)]
    assert missing == []


def _is_there(path: Path, name: str) -> bool:
    return path.is_file() and re.search(rf"^(?:async )?def {name}\(", path.read_text(), re.MULTILINE) is not None
