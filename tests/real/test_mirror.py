"""Mirror mode on the command line between real registries, and at a Harbor before one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support import images
from tests.support.cli import Cli
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import HarborAccount
from tests.support.pusher import Pusher, push
from tests.support.registry import Login, RealRegistry

pytestmark = pytest.mark.real


@pytest.fixture
def copied(source: RealRegistry, target: RealRegistry, tmp_path: Path) -> tuple[Cli, Path]:
    """A plan that has been run; afterwards `2` and `1-old` left the source, and `1` has the manifest of `1-old`."""
    base = images.layer("base", 2_000)
    same, gone = images.image([base], label="same"), images.image([base], label="gone")
    push(source, "library/app", same, "1")
    for registry in (source, target):
        push(registry, "library/app", images.image([base], label="stays"), "3")
    push(target, "library/app", same, "1", "1-old")
    push(target, "library/app", gone, "2")
    return Cli(tmp_path), write_plan(tmp_path, source.address, target.address)


def write_plan(folder: Path, source: str, target: str) -> Path:
    plan = folder / "nightly.toml"
    plan.write_text(
        f'version = 1\n[mirror]\nmax_percent = 60\n'
        f'[[rule]]\nsource = "{source}/library/app"\ntarget = "{target}/library/app"\n'
    )  # fmt: skip
    return plan


def tags_of(registry: RealRegistry) -> list[str]:
    answer = httpx.get(f"{registry.url}/v2/library/app/tags/list", trust_env=False)
    return sorted(answer.json()["tags"])


def test_a_registry_that_deletes_no_tags_loses_only_what_nothing_else_has(
    copied: tuple[Cli, Path], target: RealRegistry
) -> None:
    cli, plan = copied
    proposed = cli.run("mirror", "propose", plan, "--json").expect(0)
    assert {each["target"].rpartition(":")[2]: each["shares"] for each in proposed["proposed"]} == {
        "1-old": ["1"], "2": [],
    }  # fmt: skip
    assert tags_of(target) == ["1", "1-old", "2", "3"]
    refused = cli.run("mirror", "apply", proposed["file"])
    assert (refused.exit, tags_of(target)) == (2, ["1", "1-old", "2", "3"])
    assert "--yes" in refused.err
    applied = cli.run("mirror", "apply", proposed["file"], "--yes", "--json").expect(1)
    assert {each["target"].rpartition(":")[2]: each["fate"] for each in applied["results"]} == {
        "1-old": "kept", "2": "deleted",
    }  # fmt: skip
    assert tags_of(target) == ["1", "1-old", "3"]
    assert '"event": "begin"' in Path(applied["record"]).read_text()


def test_a_maximum_is_said_and_keeps_everything(copied: tuple[Cli, Path], target: RealRegistry) -> None:
    cli, plan = copied
    proposed = cli.run("mirror", "propose", plan, "--max-count", "1")
    assert proposed.exit == 1
    assert "refused: 2 deletions are more than max_count = 1" in proposed.out
    applied = cli.run("mirror", "apply", "nightly.deletions.toml", "--yes")
    assert applied.exit == 1
    assert "nothing was deleted" in applied.err
    assert tags_of(target) == ["1", "1-old", "2", "3"]


def test_a_source_out_of_order_refuses(copied: tuple[Cli, Path], source: RealRegistry, target: RealRegistry) -> None:
    cli, plan = copied
    pusher = Pusher(source)
    for label in ("same", "stays"):
        pusher.delete_manifest("library/app", images.image([images.layer("base", 2_000)], label=label).digest)
    pusher.close()
    result = cli.run("mirror", "propose", plan)
    assert result.exit == 1
    assert "nothing is proposed while the source is not known in full" in result.err
    assert not (cli.folder / "nightly.deletions.toml").exists()


def test_a_harbor_deletes_the_tag_alone(
    source: RealRegistry, target: RealRegistry, tmp_path: Path, start_registry: Callable[..., RealRegistry]
) -> None:
    base = images.layer("base", 2_000)
    same = images.image([base], label="same")
    push(source, "library/app", same, "1")
    push(target, "library/app", same, "1", "1-old")
    admin = HarborAccount("admin", "Harbor12345", admin=True)
    cli = Cli(tmp_path)
    with StandInHarbor(target, [admin]) as harbor:
        harbor.add_project("library")
        cli.docker_login((harbor.address, Login(admin.name, admin.password)))
        plan = write_plan(tmp_path, source.address, harbor.address)
        cli.run("mirror", "propose", plan, "--json").expect(0)
        applied = cli.run("mirror", "apply", "nightly.deletions.toml", "--yes", "--json").expect(0)
        assert [(each["fate"], each["how"]) for each in applied["results"]] == [("deleted", "harbor")]
        assert harbor.complaints == []
    assert tags_of(target) == ["1"]
