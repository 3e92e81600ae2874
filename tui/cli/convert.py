"""`regferry import` and `regferry export`: other tools' files to plan files and back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from tui.cli.options import existing_file, file_to_write, json_option

_TOOLS = ["image-syncer", "skopeo", "regsync", "dregsy"]


@click.command("import")
@click.argument("file", type=existing_file)
@click.option("--auth", type=existing_file, help="image-syncer's file of logins, to look for contradictions.")
@click.option("--registry", default="", help="Target registry of images without one.")
@click.option("--namespace", default="", help="Target namespace of images without one.")
@click.option("--scoped", is_flag=True, help="For skopeo sync: keep the whole source path, as its flag does.")
@click.option("--out", type=file_to_write, help="Write the plan file here instead of printing it.")
@json_option
def import_(
    file: Path, auth: Path | None, registry: str, namespace: str, scoped: bool, out: Path | None, as_json: bool
) -> int:
    """Turn FILE (image-syncer, skopeo sync, regsync, dregsy) into a plan file; what does not fit is named."""
    from tui.cli.foreground import warn, warn_all
    from tui.plan.detect import detect_and_load
    from tui.plan.toml_file import format_plan, save_plan

    imported = detect_and_load(
        file, auth=auth, registry=registry, namespace=namespace, scoped=scoped, environ=os.environ
    )
    if out is not None:
        save_plan(imported.plan, out)
    if as_json:
        hazards = [
            {"code": hazard.code, "message": hazard.message, "origin": hazard.origin, "hint": hazard.hint}
            for hazard in imported.hazards
        ]
        plan = {"plan": format_plan(imported.plan), "out": str(out or ""), "hazards": hazards}
        click.echo(json.dumps({"exit": 0, **plan}, indent=2, ensure_ascii=False))
        return 0
    warn_all(imported.hazards)
    if imported.auth.entries:
        warn("a plan file holds no logins: add them with 'regferry endpoint add' or 'docker login'")
    click.echo(f"wrote {out}" if out else format_plan(imported.plan), nl=out is not None)
    return 0


@click.command()
@click.argument("plan_file", metavar="PLAN", type=existing_file)
@click.option("--to", "tool", type=click.Choice(_TOOLS), default=_TOOLS[0], show_default=True, help="For which tool.")
@click.option("--out", type=file_to_write, help="Write the file here; for any tool but image-syncer.")
@click.option(
    "--format", "kind", type=click.Choice(["yaml", "json"]), help="Form of image-syncer's files.  [default: yaml]"
)
@click.option("--auth", "auth_out", type=file_to_write, help="Write image-syncer's logins (without passwords) here.")
@click.option("--images", "images_out", type=file_to_write, help="Write image-syncer's file of images here.")
@json_option
def export(
    plan_file: Path,
    tool: Any,
    out: Path | None,
    kind: Any,
    auth_out: Path | None,
    images_out: Path | None,
    as_json: bool,
) -> int:
    """Turn the plan file PLAN into files of another tool; what they cannot say is named."""
    from tui.plan.toml_file import load_plan

    plan = load_plan(plan_file)
    if tool == _TOOLS[0]:
        if out is not None:
            raise click.UsageError("image-syncer's files are two: name them with --images and --auth")
        return _export_image_syncer(plan, kind or "yaml", auth_out, images_out, as_json)
    if kind or auth_out or images_out:
        raise click.UsageError(f"--format, --auth and --images are for image-syncer; {tool} has --out")
    return _export(plan, tool, out, as_json)


def _export(plan: Any, tool: Any, out: Path | None, as_json: bool) -> int:
    """Write or print the files of a tool; where there are several, the second is called FILE-2 and so on."""
    from tui.cli.files import write_text
    from tui.cli.foreground import warn_all
    from tui.plan.export import export_for
    from tui.plan.exported import numbered

    exported = export_for(plan, tool)
    paths = [numbered(out, number) for number in range(len(exported.files))] if out is not None else []
    for path, file in zip(paths, exported.files, strict=False):
        write_text(path, file.text)
    if as_json:
        files = [{"text": file.text, "command": file.command} for file in exported.files]
        hazards = [str(hazard) for hazard in exported.hazards]
        document = {"exit": 0, "files": files, "out": [str(path) for path in paths], "hazards": hazards}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    warn_all(exported.hazards)
    if not exported.files:
        click.echo(f"nothing of the plan can be said in a file of {tool}")
    for number, file in enumerate(exported.files):
        if paths:
            click.echo(f"wrote {paths[number]}; use it with: {file.command.replace('FILE', str(paths[number]))}")
        else:
            click.echo(f"{'---' + chr(10) if number else ''}{file.text}", nl=False)
    return 0


def _export_image_syncer(plan: Any, kind: Any, auth_out: Path | None, images_out: Path | None, as_json: bool) -> int:
    from tui.cli.files import write_text
    from tui.cli.foreground import warn_all
    from tui.plan.image_syncer.export import export as exported_as

    exported = exported_as(plan, kind)
    for path, text in ((auth_out, exported.auth), (images_out, exported.images)):
        if path is not None:
            write_text(path, text)
    if as_json:
        hazards = [str(hazard) for hazard in exported.hazards]
        document = {"exit": 0, "auth": exported.auth, "images": exported.images, "hazards": hazards}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    warn_all(exported.hazards)
    for path, text in ((auth_out, exported.auth), (images_out, exported.images)):
        click.echo(f"wrote {path}" if path else text, nl=path is not None)
    return 0
