"""The command lines and files of image-syncer, as its users have them."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.real.conftest import LOGIN, StartRegistry
from tests.support import corpus, images
from tests.support.cli import Cli, auth_entry
from tests.support.pusher import push
from tests.support.reader import Reader, assert_same
from tests.support.registry import RealRegistry


@pytest.fixture
def harbor(start_registry: StartRegistry) -> RealRegistry:
    """A source with a login, in the place of a Harbor."""
    registry = start_registry("token")
    for name in ("library/nginx", "team/deep/app"):
        for tag in ("v1.0", "v1.1", "latest"):
            push(registry, name, images.image([images.layer(name), images.layer(f"{name} {tag}")]), tag)
    return registry


@pytest.fixture
def acr(start_registry: StartRegistry) -> RealRegistry:
    """A target with another login."""
    return start_registry("htpasswd")


def test_the_command_line_of_the_1_0_3_guide(cli: Cli, harbor: RealRegistry, acr: RealRegistry) -> None:
    config = {
        "auth": {registry.address: auth_entry(registry) for registry in (harbor, acr)},
        "images": {
            f"{harbor.address}/library/nginx:v1.0": "",
            f"{harbor.address}/team/deep/app:v1.0,v1.1": "",
        },
    }
    cli.write("harbor-to-acr.json", config)
    default = (f"--registry={acr.address}", "--namespace=image-syncer")
    options = ("--config", "harbor-to-acr.json", "--proc=10", "--retries=10", "--log=./log", *default)
    document = cli.run("sync", *options, "--json").expect(0)

    assert document["tasks"]["done"] == 3
    assert_same(harbor, acr, {"library/nginx": "image-syncer/nginx"}, tags=["v1.0"])
    assert_same(harbor, acr, {"team/deep/app": "image-syncer/deep/app"}, tags=["v1.0", "v1.1"])
    log = (cli.folder / "log").read_text()
    assert "image-syncer/nginx:v1.0" in log
    assert LOGIN.password not in log


def test_the_same_command_without_json_for_people(cli: Cli, harbor: RealRegistry, acr: RealRegistry) -> None:
    config = {
        "auth": {registry.address: auth_entry(registry) for registry in (harbor, acr)},
        "images": {f"{harbor.address}/library/nginx": f"{acr.address}/image-syncer/nginx"},
    }
    cli.write("harbor-to-acr.json", config)
    result = cli.run("sync", "--config", "harbor-to-acr.json", "--proc=10", "--retries=10")
    assert result.exit == 0, str(result)
    assert "3" in result.out + result.err
    assert "\x1b" not in result.out + result.err, "control sequences without a terminal"
    assert_same(harbor, acr, {"library/nginx": "image-syncer/nginx"})


def test_tag_lists_regular_expressions_and_renames(cli: Cli, harbor: RealRegistry, acr: RealRegistry) -> None:
    rules: dict[str, str | list[str]] = {
        f"{harbor.address}/library/nginx:v1.0,v1.1": f"{acr.address}/list/nginx:one,two",
        f"{harbor.address}/library/nginx:/^v1/": f"{acr.address}/regex/nginx",
        f"{harbor.address}/team/deep/app:latest": [f"{acr.address}/a/app", f"{acr.address}/b/app:renamed"],
    }
    document = cli.sync(rules, harbor, acr).expect(0)
    assert document["tasks"]["done"] == 6
    reader = Reader(acr)
    assert reader.tags("list/nginx") == ["one", "two"]
    assert reader.manifest("list/nginx", "one") == Reader(harbor).manifest("library/nginx", "v1.0")
    assert reader.tags("regex/nginx") == ["v1.0", "v1.1"]
    assert reader.tags("a/app") == ["latest"]
    assert reader.tags("b/app") == ["renamed"]


def test_a_digest_keeps_its_digest(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    manifest = images.image([images.layer("pinned")])
    push(source, "library/app", manifest, "v1")
    rules = {f"{source.address}/library/app@{manifest.digest}": f"{target.address}/library/app"}
    cli.sync(rules).expect(0)
    assert Reader(target).manifest("library/app", manifest.digest) == manifest.body


def test_the_lists_of_what_went_well_and_what_did_not(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    corpus.push_all(source, corpus.many_tags("library/app", 2))
    rules = {
        f"{source.address}/library/app": f"{target.address}/library/app",
        f"{source.address}/library/missing:v1": f"{target.address}/library/missing",
    }
    good, bad = cli.folder / "good.yaml", cli.folder / "bad.json"
    cli.sync(rules, options=("--output-success-images", good)).expect(1)
    success = yaml.safe_load(good.read_text())
    assert success == {
        f"{source.address}/library/app:{tag}": [f"{target.address}/library/app:{tag}"] for tag in ("t000", "t001")
    }
    options = ("--output-failed-images", bad, "--output-images-format", "json")
    cli.sync(rules, options=options).expect(1)
    failed = json.loads(bad.read_text())
    assert list(failed) == [f"{source.address}/library/missing:v1"]


def test_split_files_expand_the_environment_in_secrets(
    cli: Cli, start_registry: StartRegistry, target: RealRegistry
) -> None:
    source = start_registry("htpasswd")
    push(source, "library/app", images.image([]), "v1")
    auth = cli.write("auth.yaml", {source.address: {"username": LOGIN.username, "password": "${FERRY_PASSWORD}"}})
    rules = cli.write("images.yaml", {f"{source.address}/library/app:v1": f"{target.address}/library/app"})
    result = cli.run("sync", "--auth", auth, "--images", rules, "--json", env={"FERRY_PASSWORD": LOGIN.password})
    result.expect(0)
    assert_same(source, target, ["library/app"])
