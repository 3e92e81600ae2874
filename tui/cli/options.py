"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)
file_to_write = click.Path(dir_okay=False, path_type=Path)
log_option = click.option("--log", type=file_to_write, help="Append the log (JSON lines) to this file too.")


Command = TypeVar("Command", bound=Callable[..., Any])


class ByteRate(click.ParamType[int]):
    """Bytes with an optional binary unit: `500K`, `10M`, `1.5G`."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        from tui.plan.sizes import parse_size

        if isinstance(value, int):
            return value
        try:
            return parse_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class PartSize(ByteRate):
    """Bytes of a part of a tar."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        from tui.plan.model import SMALLEST_PART

        size = super().convert(value, param, ctx)
        if size < SMALLEST_PART:
            self.fail("parts of at least 1M are expected", param, ctx)
        return size


class BackupName(click.ParamType[str]):
    """A template for the names of backups."""

    name = "template"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the template."""
        from tui.plan.backups import BackupError, check_backup

        try:
            check_backup(value)
        except BackupError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class EarlierExport(click.ParamType[str]):
    """The path of an earlier export, made absolute: the run may be resumed from another folder."""

    name = "earlier"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the absolute path."""
        from tui.oci.place import InvalidPlace, absolute_path

        try:
            path = absolute_path(value)
        except InvalidPlace as error:
            self.fail(str(error), param, ctx)
        if not Path(path).exists() and not Path(f"{path}.parts.json").exists():
            self.fail(f"there is no {path}", param, ctx)
        return path


def limit_options(command: Command) -> Command:
    """Add the options that make a run polite."""
    for option in reversed(
        (
            click.option(
                "--limit-rate", type=ByteRate(), help="Read, and write, at most so many bytes a second (10M)."
            ),
            click.option(
                "--limit-requests", type=click.IntRange(0), help="Requests a second to each registry at most."
            ),
        )
    ):
        command = option(command)
    return command


on_drift_option = click.option(
    "--on-drift",
    type=click.Choice(["keep", "latest", "fail"]),
    help="When a tag moved since it was planned: copy what was planned (default), what it is now, or fail the task.",
)
create_missing_option = click.option(
    "--create-missing",
    is_flag=True,
    help="Create projects (Harbor) and namespaces (ACR, TCR) that are missing at the target, for members only.",
)


def run_options(command: Command) -> Command:
    """Add the options that change how a plan is run; a plan file's own values hold where they are not given."""
    for option in reversed(
        (
            click.option("--concurrency", type=click.IntRange(1, 256), help="Copies at once."),
            click.option("--retries", type=click.IntRange(0, 1000), help="Rounds over what failed."),
            click.option(
                "--on-conflict",
                type=click.Choice(["overwrite", "skip", "fail", "backup"]),
                help="When the target's tag differs.",
            ),
            click.option(
                "--backup",
                type=BackupName(),
                help="With --on-conflict backup: the name the old tag gets, {tag}-before-{date} if not given.",
            ),
            on_drift_option,
            click.option(
                "--order",
                type=click.Choice(["any", "oldest-first", "version"]),
                help="How the tags of one target repository are written.",
            ),
            click.option(
                "--since",
                type=EarlierExport(),
                multiple=True,
                metavar="EARLIER",
                help="An earlier export (folder, tar or inventory.json): do not export again what it has; when "
                "importing, read from it what this export left out.",
            ),
            click.option(
                "--split",
                type=PartSize(),
                metavar="BYTES",
                help="To a tar: parts of at most so many bytes (4G fits on FAT).",
            ),
            click.option(
                "--check-referrers",
                is_flag=True,
                help="Look for new signatures, SBOMs and attestations of unchanged images, one question for each.",
            ),
            click.option("--force", is_flag=True, help="Push also what looks unchanged."),
            create_missing_option,
            limit_options,
            log_option,
            json_option,
        )
    ):
        command = option(command)
    return command
