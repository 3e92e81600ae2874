"""`regferry pack` and `regferry unpack`: exports as tars, in parts where the disk wants it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tui.cli.options import PartSize, json_option

_EVERY = 0.25
_path = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", metavar="OUT.tar", type=_path)
@click.option("--split", type=PartSize(), metavar="BYTES", help="Parts of at most so many bytes (4G fits on FAT).")
@json_option
def pack(folder: Path, out: Path, split: int | None, as_json: bool) -> int:
    """Pack the export in FOLDER into OUT.tar, or OUT.tar.001, OUT.tar.002 and so on.

    OUT.tar.parts.json lists the parts with their SHA-256. After an interruption the same command goes on.
    """
    from tui.cli.words import several, size
    from tui.oci.layout.pack import pack as pack_layout

    with _progress("packed", quiet=as_json) as watch:
        packed = pack_layout(folder, out, split or 0, watch)
    if as_json:
        return _print_json(tar=str(out), size=packed.size, parts=[part.name for part in packed.parts])
    names = packed.parts[0].name if len(packed.parts) == 1 else f"{packed.parts[0].name} to {packed.parts[-1].name}"
    click.echo(f"{several(len(packed.parts), 'part')}, {size(packed.size)}: {names} and {out.name}.parts.json")
    return 0


@click.command()
@click.argument("paths", metavar="PARTS... FOLDER", nargs=-1, required=True, type=_path)
@click.option("--check", is_flag=True, help="Only check that all parts are there and whole; then no FOLDER is given.")
@json_option
def unpack(paths: tuple[Path, ...], check: bool, as_json: bool) -> int:
    """Unpack an export into FOLDER; one that has other images keeps them.

    PARTS are the tar, its parts, or OUT.tar.parts.json; parts may lie in several folders, then name one file of each.
    Everything is checked, and what is missing or damaged is named. After an interruption the same command goes on.
    """
    from tui.cli.words import several
    from tui.oci.errors import IntegrityError
    from tui.oci.layout.unpack import Parcel
    from tui.oci.layout.unpack import unpack as unpack_parcel

    *parts, folder = (*paths, Path()) if check else paths
    if not parts:
        raise click.UsageError("PARTS and a FOLDER are expected: regferry unpack export.tar.* /srv/export")
    parcel = Parcel(parts)
    count = several(len(parcel.files), "part")
    if check:
        with _progress("checked", quiet=as_json) as watch:
            wrong = parcel.damaged(watch)
        if wrong:
            hint = "copy this part again"
            raise IntegrityError(f"damaged: {', '.join(wrong)}", endpoint=str(parcel.tar), hint=hint)
        if as_json:
            return _print_json(parts=[str(path) for path in parcel.files], size=parcel.size)
        unlisted = "" if parcel.listed else "; it has no list of parts to compare with"
        click.echo(f"{count}, all there and whole{unlisted}")
        return 0
    with _progress("unpacked", quiet=as_json) as watch:
        added = unpack_parcel(parcel, folder, watch)
    if as_json:
        return _print_json(folder=str(folder), added=added, parts=[str(path) for path in parcel.files])
    click.echo(f"{count}: {several(added, 'blob')} new in {folder}; look or copy from oci:{folder.absolute()}")
    return 0


def _print_json(**values: Any) -> int:
    click.echo(json.dumps({"exit": 0, **values}, indent=2, ensure_ascii=False))
    return 0


@contextmanager
def _progress(verb: str, *, quiet: bool) -> Iterator[Any]:
    """Give who is told how far it is, and shows it on one line of a terminal."""
    from tui.cli.words import size

    at_terminal = sys.stderr.isatty() and not quiet
    shown = float("-inf")

    def watch(done: int, whole: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if at_terminal and now - shown >= _EVERY:
            shown = now
            print(f"\r\x1b[K{size(done)} of {size(whole)} {verb}", end="", file=sys.stderr, flush=True)

    try:
        yield watch
    finally:
        if at_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
