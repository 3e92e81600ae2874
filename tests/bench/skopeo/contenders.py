"""The same work in the words of each tool, as its users would ask for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.bench.cost import Command
from tests.support.cli import environment
from tests.support.programs import path_of

PARALLEL = 4


@dataclass(frozen=True)
class Job:
    """Copy `tags` (by source repository) from `source` to `target`, both `host:port`.

    `folder` is for files, settings and state; every job has one of its own.
    """

    folder: Path
    source: str
    target: str
    tags: Mapping[str, list[str]]

    def target_name(self, repository: str) -> str:
        """Return the repository at the target: flat, because `skopeo sync` knows nothing else."""
        return f"mirror/{repository.rpartition('/')[2]}"

    def pairs(self) -> list[tuple[str, str]]:
        """Return (source, target) of every tag."""
        return [
            (f"{self.source}/{repository}:{tag}", f"{self.target}/{self.target_name(repository)}:{tag}")
            for repository, tags in self.tags.items()
            for tag in tags
        ]

    def command(self, *arguments: str) -> Command:
        """Return a command in this job's folder."""
        return Command(arguments, self.folder, environment(self.folder))


@dataclass(frozen=True)
class Contender:
    """A name for the table, and the command that does a job."""

    name: str
    command: Callable[[Job], Command]


def _regferry_sync(job: Job) -> Command:
    """All tags of every repository; nothing is set that has a default."""
    rules = {f"{job.source}/{repository}": f"{job.target}/{job.target_name(repository)}" for repository in job.tags}
    images, auth = job.folder / "images.yaml", job.folder / "auth.yaml"
    images.write_text(yaml.safe_dump(rules))
    auth.write_text(yaml.safe_dump({job.source: {}, job.target: {}}))
    return job.command(sys.executable, "-m", "tui", "sync", "--auth", str(auth), "--images", str(images), "--json")


def _regferry_copy(job: Job) -> Command:
    ((source, target),) = job.pairs()
    return job.command(sys.executable, "-m", "tui", "copy", source, target, "--json")


def _skopeo_sync(job: Job) -> Command:
    """All tags of every repository, in one process, from a YAML file."""
    file = job.folder / "sync.yaml"
    _write_sync_file(file, job.source, list(job.tags))
    return job.command(*_skopeo_sync_words(), str(file), f"{job.target}/mirror")


def _skopeo_syncs(job: Job) -> Command:
    """The same in several processes, each with its share of the repositories.

    Not one `skopeo copy` per tag with several at once: two that write to one repository at the same time make
    distribution 2.8 answer 500 now and then.
    """
    shares = []
    for number in range(PARALLEL):
        file = job.folder / f"sync-{number}.yaml"
        _write_sync_file(file, job.source, list(job.tags)[number::PARALLEL])
        shares.append(str(file))
    words = " ".join((*_skopeo_sync_words(), "{}", f"{job.target}/mirror"))
    script = f"printf '%s\\n' \"$@\" | xargs -P {PARALLEL} -I {{}} {words}"
    return job.command("sh", "-c", script, "sh", *shares)


def _write_sync_file(file: Path, source: str, repositories: list[str]) -> None:
    content = {source: {"tls-verify": False, "images": {repository: [] for repository in repositories}}}
    file.write_text(yaml.safe_dump(content))


def _skopeo_sync_words() -> tuple[str, ...]:
    sync = ("sync", "--src", "yaml", "--dest", "docker", "--dest-tls-verify=false")
    return (_skopeo(), "--insecure-policy", *sync)


def _skopeo_copies(job: Job) -> Command:
    """A script with one `skopeo copy` after another; the list of tags is a gift."""
    file = job.folder / "copies"
    file.write_text("".join(f"docker://{source} docker://{target}\n" for source, target in job.pairs()))
    return job.command("xargs", "-a", str(file), "-L", "1", *_skopeo_copy_words())


def _skopeo_copy(job: Job) -> Command:
    ((source, target),) = job.pairs()
    return job.command(*_skopeo_copy_words(), f"docker://{source}", f"docker://{target}")


def _skopeo_copy_words() -> tuple[str, ...]:
    return (
        _skopeo(), "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false",
    )  # fmt: skip


def _skopeo() -> str:
    return str(path_of("skopeo"))


def said_by_regferry(out: str) -> str:
    """Return what the JSON document of regferry says, in a few words for the log of a benchmark."""
    document = json.loads(out)
    counts = {name: count for name, count in document["tasks"].items() if count}
    megabytes = {name: f"{count / 1e6:.0f} MB" for name, count in document["bytes"].items() if count}
    return ", ".join(f"{name} {value}" for name, value in (counts | megabytes | document["requests"]).items())


REGFERRY_SYNC = Contender("regferry sync", _regferry_sync)
REGFERRY_COPY = Contender("regferry copy", _regferry_copy)
SKOPEO_SYNC = Contender("skopeo sync", _skopeo_sync)
SKOPEO_SYNCS = Contender(f"{PARALLEL} x skopeo sync", _skopeo_syncs)
SKOPEO_COPIES = Contender("skopeo copy, tag by tag", _skopeo_copies)
SKOPEO_COPY = Contender("skopeo copy", _skopeo_copy)
