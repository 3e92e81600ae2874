"""`regferry sync`: image-syncer's own files and flags."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from tui.cli.notify_options import notify_options, with_notify
from tui.cli.options import (
    create_missing_option,
    existing_file,
    file_to_write,
    json_option,
    limit_options,
    log_option,
    on_drift_option,
)


@click.command()
@click.option("--config", type=existing_file, help="image-syncer's combined file (logins and images, JSON).")
@click.option("--auth", type=existing_file, help="image-syncer's file of logins (YAML or JSON).")
@click.option("--images", type=existing_file, help="image-syncer's file of images (YAML or JSON).")
@click.option("--registry", default="", help="Target registry of images without one.")
@click.option("--namespace", default="", help="Target namespace of images without one.")
@click.option("--proc", type=click.IntRange(1, 256), help="Copies at once (default 10; image-syncer: 5).")
@click.option("--retries", type=click.IntRange(0, 1000), help="Rounds over what failed (default 10; image-syncer: 2).")
@click.option("--os", "systems", multiple=True, metavar="OS", help="Only images for this operating system.")
@click.option("--arch", "architectures", multiple=True, metavar="ARCH", help="Only images for this architecture.")
@click.option("--force", is_flag=True, help="Push also what looks unchanged.")
@on_drift_option
@create_missing_option
@click.option("--output-success-images", "success", type=file_to_write, help="Write what went well to this file.")
@click.option("--output-failed-images", "failed", type=file_to_write, help="Write what failed to this file.")
@click.option("--output-images-format", "images_format", type=click.Choice(["yaml", "json"]), default="yaml")
@limit_options
@notify_options
@log_option
@json_option
def sync(
    config: Path | None,
    auth: Path | None,
    images: Path | None,
    registry: str,
    namespace: str,
    proc: int | None,
    retries: int | None,
    systems: tuple[str, ...],
    architectures: tuple[str, ...],
    force: bool,
    on_drift: str | None,
    create_missing: bool,
    success: Path | None,
    failed: Path | None,
    images_format: str,
    limit_rate: int | None,
    limit_requests: int | None,
    log: Path | None,
    as_json: bool,
    **notify: Any,
) -> int:
    """Copy what image-syncer's files say, with image-syncer's flags."""
    from tui.cli import foreground
    from tui.engine.logins import LoginSources
    from tui.plan.image_syncer import load, parse_platforms, with_platforms

    if config is None and images is None:
        raise click.UsageError("give --config FILE, or --images FILE and --auth FILE")
    if config is not None and (auth is not None or images is not None):
        raise click.UsageError("--config holds logins and images; leave out --auth and --images")
    platforms, remarks = parse_platforms(systems, architectures)
    imported = load(config, auth, images, registry=registry, namespace=namespace, environ=os.environ)
    foreground.warn_all((*imported.hazards, *remarks))
    plan = with_platforms(imported.plan, platforms)
    given: dict[str, Any] = {"concurrency": proc, "retries": retries, "force": force, "create_missing": create_missing}
    given |= {"on_drift": on_drift, "limit_rate": limit_rate, "limit_requests": limit_requests}
    plan = foreground.with_options(with_notify(plan, notify), given)
    folder, code = foreground.start(plan, LoginSources(auth_file=config or auth), as_json=as_json, log=log)
    _write_lists(folder, success, failed, images_format)
    foreground.print_outcome(folder, as_json=as_json)
    return code


def _write_lists(folder: Any, success: Path | None, failed: Path | None, images_format: str) -> None:
    from tui.cli.files import write_text
    from tui.engine.journal.reader import JournalReader
    from tui.engine.report import image_lists

    with JournalReader(folder.journal) as reader:
        lists = image_lists(reader)
    for path, images in zip((success, failed), lists, strict=True):
        if path is not None:
            write_text(path, _formatted(images, images_format))


def _formatted(images: dict[str, list[str]], images_format: str) -> str:
    if images_format == "json":
        return json.dumps(images, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return str(yaml.safe_dump(images, allow_unicode=True, sort_keys=False))
