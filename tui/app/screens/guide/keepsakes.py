"""What is left of a guided migration to repeat it: the plan, image-syncer's files, and the command lines."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tui.app.i18n import said
from tui.plan.model import Plan

PLAN, IMAGES, AUTH, COMMANDS = "plan.toml", "images.yaml", "auth.yaml", "repeat.sh"


@dataclass(frozen=True, slots=True)
class Keepsakes:
    """The texts of the files; `left_out` is what image-syncer's cannot say."""

    plan: str
    images: str
    auth: str
    left_out: tuple[str, ...]

    def commands(self, folder: Path = Path()) -> list[str]:
        """Return the command lines that repeat the migration from the files in `folder`."""
        lines = [f"regferry run {shlex.quote(str(folder / PLAN))}"]
        if not self.left_out:
            auth, images = (shlex.quote(str(folder / name)) for name in (AUTH, IMAGES))
            lines.append(f"regferry sync --auth {auth} --images {images}")
        return lines

    def save(self, folder: Path) -> list[Path]:
        """Write the files into `folder`, which is made, and return their paths. Raises OSError."""
        from tui.plan.text_file import write_text

        folder.mkdir(parents=True, exist_ok=True)
        script = "#!/bin/sh\n# The plan again; what is at the target already is not copied again.\n"
        script += f"cd \"$(dirname \"$0\")\" && exec regferry run {PLAN} \"$@\"\n"  # fmt: skip
        texts = {PLAN: self.plan, IMAGES: self.images, AUTH: self.auth, COMMANDS: script}
        for name, text in texts.items():
            write_text(folder / name, text)
        (folder / COMMANDS).chmod(0o755)
        return [folder / name for name in texts]


def keepsakes(plan: Plan) -> Keepsakes:
    """Return what repeats a plan; no secret is in it."""
    from tui.plan.image_syncer.export import export
    from tui.plan.toml_file import format_plan

    exported = export(plan)
    left_out = tuple(said(hazard.message) for hazard in exported.hazards if hazard.code == "not-expressible")
    return Keepsakes(format_plan(plan), exported.images, exported.auth, left_out)
