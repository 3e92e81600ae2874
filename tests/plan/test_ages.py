"""Ages, dates and the names of backups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tui.plan.ages import cutoff
from tui.plan.backups import BackupError, backup_tag, check_backup

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = "sha256:" + "12ab" * 16


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("90d", NOW - timedelta(days=90)),
        (" 2 w ", NOW - timedelta(weeks=2)),
        ("1y", NOW - timedelta(days=365)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00:00+08:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert cutoff(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "90", "-1d", "3m", "999999y", "2026-13-01", "90 days"])
def test_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="neither an age like '90d' nor a date"):
        cutoff(text, NOW)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{tag}-before-{date}", "1.4-before-20261121"),
        ("{tag}.{date}T{time}", "1.4.20261121T120000"),
        ("old-{digest}", "old-12ab12ab12ab"),
    ],
)
def test_names_of_backups(template: str, name: str) -> None:
    check_backup(template)
    assert backup_tag(template, "1.4", OLD, NOW.timestamp()) == name


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{tag}", "makes the tag itself"),
        ("old", "one name for all tags"),
        ("{tag} old", "not a tag"),
        ("{tga}-old", "unknown field {tga}"),
        ("", "not a tag"),
        ("{tag}-" + "x" * 128, "not a tag"),
    ],
)
def test_templates_that_make_no_backup(template: str, words: str) -> None:
    with pytest.raises(BackupError, match=words.replace("{", r"\{")):
        check_backup(template)
