"""A run that is stopped, killed or cut off goes on where it was."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.real.conftest import LOGIN, StartRegistry
from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.pusher import push
from tests.support.reader import assert_nothing_half_pushed, assert_same
from tests.support.registry import RealRegistry

TAGS = 60


@dataclass
class Slow:
    """A sync of 60 tags in the middle of its work: some are there, most are not."""

    process: subprocess.Popen[str]
    run: str

    def signal(self, number: int) -> tuple[int, str, str]:
        """Send a signal and return exit status, standard output and error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def slow_source(source: RealRegistry) -> Iterator[FlakyProxy]:
    """The source with 60 tags, behind a proxy that makes every request wait."""
    corpus.push_all(source, corpus.many_tags("library/app", TAGS))
    with FlakyProxy(source.address, delay=0.1) as proxy:
        yield proxy


@pytest.fixture
def slow(cli: Cli, slow_source: FlakyProxy, target: RealRegistry) -> Iterator[Slow]:
    """The sync, started and a few tags in."""
    rules = {f"{slow_source.address}/library/app": f"{target.address}/library/app"}
    process = cli.start(*cli.sync_arguments(rules, options=("--json", "--proc", "2")))
    try:
        target.wait_for_tags(3)
        assert process.poll() is None, "the run was over before it could be interrupted"
        yield Slow(process, newest_run(cli))
    finally:
        process.kill()
        process.communicate()


def newest_run(cli: Cli) -> str:
    """Return the name of the run that was started last."""
    result = cli.run("runs", "list", "--json")
    assert result.exit == 0, str(result)
    run: str = result.json()["runs"][0]["run"]
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_stopped_on_request_and_resumed(
    cli: Cli, slow: Slow, slow_source: FlakyProxy, source: RealRegistry, target: RealRegistry, number: int
) -> None:
    status, out, err = slow.signal(number)
    assert status == 6, f"{out}\n{err}"
    assert "Traceback" not in err
    done = assert_nothing_half_pushed(target)
    assert 3 <= done < TAGS
    assert target.uploads_bytes() == 0
    slow_source.delay = 0
    document = cli.run("runs", "resume", slow.run, "--json").expect(0)
    assert document["run"] == slow.run
    assert document["tasks"]["done"] + document["tasks"]["unchanged"] == TAGS
    assert assert_same(source, target, ["library/app"]) == TAGS


def test_killed_and_resumed(
    cli: Cli, slow: Slow, slow_source: FlakyProxy, source: RealRegistry, target: RealRegistry
) -> None:
    status, _, _ = slow.signal(signal.SIGKILL)
    assert status == -signal.SIGKILL
    before = assert_nothing_half_pushed(target)
    assert 3 <= before < TAGS
    slow_source.delay = 0
    cli.run("runs", "resume", slow.run, "--json").expect(0)
    assert assert_same(source, target, ["library/app"]) == TAGS


def test_killed_again_and_again(
    cli: Cli, slow: Slow, slow_source: FlakyProxy, source: RealRegistry, target: RealRegistry
) -> None:
    slow.signal(signal.SIGKILL)
    for more in (10, 25, 40):
        process = cli.start("runs", "resume", slow.run, "--json")
        try:
            target.wait_for_tags(more)
        finally:
            process.kill()
            process.communicate()
        assert_nothing_half_pushed(target)
    slow_source.delay = 0
    cli.run("runs", "resume", slow.run, "--json").expect(0)
    assert assert_same(source, target, ["library/app"]) == TAGS


def test_one_run_has_one_process(cli: Cli, slow: Slow) -> None:
    second = cli.run("runs", "resume", slow.run, "--json")
    assert second.exit in (2, 5), str(second)
    assert str(slow.process.pid) in second.out + second.err, str(second)
    assert slow.process.poll() is None


def test_a_resumed_sync_finds_its_logins_again(
    cli: Cli, start_registry: StartRegistry, slow_source: FlakyProxy, source: RealRegistry
) -> None:
    target = start_registry("htpasswd")
    rules = {f"{slow_source.address}/library/app": f"{target.address}/library/app"}
    process = cli.start(*cli.sync_arguments(rules, target, options=("--json", "--proc", "2")))
    try:
        target.wait_for_tags(3)
    finally:
        process.kill()
        process.communicate()
    run = newest_run(cli)
    slow_source.delay = 0
    cli.run("runs", "resume", run, "--json").expect(0)
    assert assert_same(source, target, ["library/app"]) == TAGS
    assert secrets_on_disk(cli) == []


def test_a_large_layer_goes_on_where_it_was_stopped(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    layer = images.layer("large", 40_000_000)
    push(source, "library/large", images.image([layer]), "v1")
    rules = {f"{source.address}/library/large:v1": f"{target.address}/library/large"}
    process = cli.start(*cli.sync_arguments(rules, options=("--json", "--limit-rate", "8M")))
    try:
        target.wait_for_upload(10_000_000)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 6, f"{out}\n{err}"
    kept = target.uploads_bytes()
    assert kept >= 8_000_000
    document = cli.run("runs", "resume", newest_run(cli), "--json").expect(0)
    assert document["bytes"]["written"] < layer.size + 1_000_000
    assert document["bytes"]["read"] < layer.size + 20_000_000
    assert assert_same(source, target, ["library/large"]) == 1
    assert target.uploads_bytes() == 0


def secrets_on_disk(cli: Cli) -> list[str]:
    """Return the files below the settings and state folders which hold the password in the clear."""
    secret = LOGIN.password.encode()
    folders = (cli.folder / "state", cli.folder / "config")
    return [
        str(path) for folder in folders for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()
    ]
