"""Choosing on the command line, between real registries: what is said before, and what is there afterwards."""

from __future__ import annotations

import pytest

from tests.support import images
from tests.support.cli import Cli
from tests.support.pusher import push
from tests.support.reader import Reader
from tests.support.registry import RealRegistry


@pytest.fixture
def filled(source: RealRegistry) -> RealRegistry:
    """Two repositories of a project with versions, a candidate and a chart."""
    for repository in ("team/app", "team/db"):
        for tag in ("1.0", "1.9", "1.10", "2.0-rc1", "latest"):
            push(source, repository, images.image([images.layer(repository)], label=tag), tag)
    push(source, "team/app", images.chart("app"), "chart-1.0")
    return source


def test_a_project_narrowed_by_options(cli: Cli, filled: RealRegistry, target: RealRegistry) -> None:
    names = (f"{filled.address}/team/*", f"{target.address}/mirror/{{name}}")
    choice = ("--exclude-repository", "*/db", "--regex", "^[0-9]", "--exclude-regex", "-rc", "--newest", "2")
    said = cli.run("copy", *names, *choice, "--dry-run").out
    assert "2 repositories -> 1 chosen: 6 tags -> 3 match -> 2 newest" in said
    assert Reader(target).tags("mirror/app") == []
    document = cli.run("copy", *names, *choice, "--dry-run", "--json").expect(0)
    assert document["summary"] == {"total": 2, "new": 2}
    cli.run("copy", *names, *choice, "--json").expect(0)
    assert Reader(target).tags("mirror/app") == ["1.10", "1.9"]
    assert Reader(target).tags("mirror/db") == []
    charts = ("--artifact", "chart", "--order", "version")
    cli.run("copy", *names, *charts, "--json").expect(0)
    assert Reader(target).tags("mirror/app") == ["1.10", "1.9", "chart-1.0"]


def test_a_tag_is_backed_up_before_it_is_overwritten(cli: Cli, filled: RealRegistry, target: RealRegistry) -> None:
    old = images.image([images.layer("old")])
    push(target, "mirror/app", old, "1.0")
    names = (f"{filled.address}/team/app:1.0", f"{target.address}/mirror/app")
    cli.run("copy", *names, "--on-conflict", "backup", "--backup", "{tag}-old", "--json").expect(0)
    reader = Reader(target)
    assert reader.tags("mirror/app") == ["1.0", "1.0-old"]
    assert reader.manifest("mirror/app", "1.0-old") == old.body
    assert reader.manifest("mirror/app", "1.0") == Reader(filled).manifest("team/app", "1.0")


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (("--regex", "(?=a)"), "lookahead"),
        (("--newer-than", "soon"), "an age like '90d'"),
        (("--artifact", "charts"), "did you mean 'chart'"),
        (("--repository", "x/*"), "leave out 'repositories'"),
        (("--backup", "old"), "one name for all tags"),
        (("--newest-by", "time"), "newest = how many"),
    ],
)
def test_a_choice_that_means_nothing_is_a_usage_error(cli: Cli, choice: tuple[str, ...], words: str) -> None:
    result = cli.run("copy", "h.example.com/a/b", "t.example.com/a/b", *choice)
    assert result.exit == 2
    assert words in result.err
