"""`regferry import` and `export`: the files of other tools, as commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli

PEERS = Path(__file__).parent.parent / "plan" / "peers"
PLAN = """\
version = 1
name = "move"
[options]
order = "version"
[[rule]]
source = "h.io/team/app"
target = "a.io/m/{name}"
tags = { regex = "^1" }
[[rule]]
source = "h.io/team/db"
target = "b.io/m/{name}"
tags = { newest = 3 }
[[rule]]
source = "h.io/team/web:v1"
target = "b.io/m/{name}"
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    (tmp_path / "move.toml").write_text(PLAN)
    return Cli(tmp_path)


@pytest.mark.parametrize("tool", ["skopeo", "regsync", "dregsy"])
def test_a_plan_goes_out_and_comes_back(cli: Cli, tool: str) -> None:
    out = cli.run("export", "move.toml", "--to", tool, "--out", "out.yaml")
    assert out.exit == 0
    assert "move.toml:9: h.io/team/db -> b.io/m/{name} is left out: it selects tags by newest" in out.err
    assert "order = 'version' is left out" in out.err
    names = [name for name in ("out.yaml", "out-2.yaml") if (cli.folder / name).exists()]
    assert names == (["out.yaml", "out-2.yaml"] if tool == "skopeo" else ["out.yaml"])
    assert all(f"wrote {cli.folder / name}" in out.out or f"wrote {name}" in out.out for name in names)
    back = ""
    for name, registry in zip(names, ("a.io", "b.io"), strict=False):
        back += cli.run("import", name, "--registry", registry, "--namespace", "m", "--json").expect(0)["plan"]
    assert "h.io/team/app" in back
    assert "h.io/team/web:v1" in back
    assert "h.io/team/db" not in back


def test_every_document_says_what_was_left_out(cli: Cli) -> None:
    document = cli.run("export", "move.toml", "--to", "regsync", "--json").expect(0)
    assert [file["command"] for file in document["files"]] == ["regsync once -c FILE"]
    assert any("move.toml:9" in hazard for hazard in document["hazards"])
    imported = cli.run("import", PEERS / "dregsy.yaml", "--json").expect(0)
    assert {hazard["origin"].partition(":")[0] for hazard in imported["hazards"]} == {"dregsy.yaml"}
    assert "secret" not in str(imported)


@pytest.mark.parametrize(
    "arguments", [("--to", "regsync", "--auth", "x.yaml"), ("--out", "x.yaml"), ("--to", "skopeo", "--format", "json")]
)
def test_flags_of_another_tool_are_refused(cli: Cli, arguments: tuple[str, ...]) -> None:
    refused = cli.run("export", "move.toml", *arguments)
    assert refused.exit == 2
    assert "image-syncer" in refused.err
    assert not (cli.folder / "x.yaml").exists()
