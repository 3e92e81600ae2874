"""`regferry import` and `regferry export`: other tools' files to plan files and back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from tui.cli.options import existing_file, file_to_write, json_option


@click.command("import")
@click.argument("file", type=existing_file)
@click.option("--auth", type=existing_file, help="image-syncer's file of logins, to look for contradictions.")
@click.option("--registry", default="", help="Target registry of images without one.")
@click.option("--namespace", default="", help="Target namespace of images without one.")
@click.option("--out", type=file_to_write, help="Write the plan file here instead of printing it.")
@json_option
def import_(file: Path, auth: Path | None, registry: str, namespace: str, out: Path | None, as_json: bool) -> int:
    """Turn FILE (image-syncer, skopeo sync, regsync) into a plan file; what does not fit is named."""
    from tui.cli.foreground import warn, warn_all
    from tui.plan.detect import detect_and_load
    from tui.plan.toml_file import format_plan, save_plan

    imported = detect_and_load(file, auth=auth, registry=registry, namespace=namespace, environ=os.environ)
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
@click.option("--format", "kind", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@click.option("--auth", "auth_out", type=file_to_write, help="Write the file of logins (without passwords) here.")
@click.option("--images", "images_out", type=file_to_write, help="Write the file of images here.")
@json_option
def export(plan_file: Path, kind: Any, auth_out: Path | None, images_out: Path | None, as_json: bool) -> int:
    """Turn the plan file PLAN into image-syncer's files; what they cannot say is named."""
    from tui.cli.files import write_text
    from tui.cli.foreground import warn_all
    from tui.plan.image_syncer import export as exported_as
    from tui.plan.toml_file import load_plan

    exported = exported_as(load_plan(plan_file), kind)
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
