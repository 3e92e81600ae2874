"""Repeating on the command line, as processes: schedules, changes at the source, overlaps, and who is told."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import images
from tests.support.cli import Cli
from tests.support.pusher import push
from tests.support.registry import RealRegistry
from tui.engine.runner import make_run
from tui.plan.model import Plan

pytestmark = pytest.mark.real


@pytest.fixture
def plan(source: RealRegistry, target: RealRegistry, tmp_path: Path) -> Path:
    push(source, "library/app", images.image([images.layer("a", 500)], label="1"), "1")
    path = tmp_path / "nightly.toml"
    path.write_text(
        f'version = 1\n[[rule]]\nsource = "{source.address}/library/app"\ntarget = "{target.address}/library/app"\n'
    )
    return path


@contextmanager
def going(cli: Cli, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = cli.start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Return the line on standard error that has `words`; what comes before is dropped."""
    assert process.stderr is not None
    before = ""
    for line in process.stderr:
        if words in line:
            return line
        before += line
    raise AssertionError(f"it ended before it said {words!r}:\n{before}")


def test_a_schedule_makes_up_for_what_it_missed_and_ends_when_told(
    plan: Path, target: RealRegistry, tmp_path: Path
) -> None:
    cli = Cli(tmp_path)
    make_run(tmp_path / "state", Plan("nightly", ()), {"created": 1_000_000_000.0})
    with going(cli, "schedule", plan, "--cron", "0 3 1 1 *", "--timezone", "UTC") as process:
        assert "running once now" in wait_for(process, "missed")
        wait_for(process, "next run at")
        wait_for(process, "the run ended with exit code 0")
        target.wait_for_tags(1)
        process.send_signal(signal.SIGTERM)
        assert "ended" in wait_for(process, "ended")
        assert process.wait(20) == 0


def test_a_source_is_watched_for_new_tags(
    plan: Path, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    with going(Cli(tmp_path), "watch-source", plan, "--every", "1s", "--", "--retries", "0") as process:
        wait_for(process, "the first look, at 1 tags: running")
        wait_for(process, "the run ended with exit code 0")
        push(source, "library/app", images.image([images.layer("a", 500)], label="2"), "2")
        assert "library/app:2" in wait_for(process, "1 new")
        wait_for(process, "the run ended with exit code 0")
        target.wait_for_tags(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_plan_that_is_running_is_not_run_twice(plan: Path, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "state", Plan("nightly", ()), {})
    with folder.locked():
        document = Cli(tmp_path).run("run", plan, "--no-overlap", "--json").expect(0)
        assert document["skipped"] == f"the run {folder.name} of 'nightly' is still going"
    assert "run" in Cli(tmp_path).run("run", plan, "--no-overlap", "--json").expect(0)


def test_a_run_tells_its_end_and_writes_its_figures(plan: Path, tmp_path: Path) -> None:
    bodies: list[dict[str, object]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/t0ken-in-the-address"
    try:
        options = ("--notify-url-env", "HOOK", "--notify-shape", "slack", "--metrics-file", "figures.prom")
        result = Cli(tmp_path).run("run", plan, *options, "--json", env={"HOOK": url})
    finally:
        server.shutdown()
        server.server_close()
    document = result.expect(0)
    assert "nightly went well" in str(bodies[0]["text"])
    assert 'regferry_run_tasks{plan="nightly",state="done"} 1' in (tmp_path / "figures.prom").read_text()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state" / "runs" / document["run"]).iterdir())
    assert b"t0ken-in-the-address" not in kept + result.out.encode() + result.err.encode()
    lost = Cli(tmp_path).run("run", plan, *options, "--json", env={"HOOK": url})
    lost.expect(0)
    assert "nobody was told of the end of the run" in lost.err
    assert "t0ken" not in lost.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cron", "0 3 * *"), "has 4 fields"),
        (("--cron", "0 3 * * *", "--timezone", "Mars"), "time zone 'Mars'"),
        (("--cron", "0 3 * * *", "--write", "kubernetes"), "--image"),
        (("--cron", "0 3 L * *", "--write", "kubernetes", "--image", "i"), "Kubernetes cannot say"),
    ],
)
def test_what_cannot_be_kept_to_is_said(plan: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    result = Cli(tmp_path).run("schedule", plan, *arguments)
    assert result.exit == 2
    assert said in result.err
