"""The `regferry` command and its sub-commands; each is imported when it is called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence

import click

from tui import __version__
from tui.engine.outcome import USAGE

_COMMANDS = {
    "demo": ("tui.cli.demo:demo", "Two embedded registries with sample images, and a migration between them."),
    "endpoint": (
        "tui.cli.endpoint:endpoint",
        "The registries we know: add, test, log in, prepare, remove.",
    ),
    "copy": ("tui.cli.copy:copy", "Copy one image or one repository."),
    "sync": ("tui.cli.sync:sync", "Run image-syncer's own files with its own flags."),
    "plan": ("tui.cli.plan:plan", "Generate only: the task list and a forecast."),
    "run": ("tui.cli.plan:run", "Run a plan file."),
    "runs": ("tui.cli.runs:runs", "List, show, watch, resume, retry, pause, stop and report runs."),
    "mirror": (
        "tui.cli.mirror:mirror",
        "Propose deletions at the target for what left the source; delete what you reviewed.",
    ),
    "pack": ("tui.cli.airgap:pack", "Pack an export in a folder into a tar, or into parts of it."),
    "unpack": ("tui.cli.airgap:unpack", "Unpack the parts of an export into a folder."),
    "schedule": (
        "tui.cli.repeat:schedule",
        "Run a plan at its times, or write a systemd timer or a Kubernetes CronJob.",
    ),
    "watch-source": ("tui.cli.repeat:watch_source", "Run a plan whenever something is new at its source."),
    "import": ("tui.cli.convert:import_", "Turn an image-syncer, skopeo sync or regsync file into a plan file."),
    "export": ("tui.cli.convert:export", "Turn a plan file into image-syncer's files."),
}


class _Commands(click.Group):
    """A group that knows the names and summaries of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="regferry")
@click.pass_context
def regferry(context: click.Context) -> None:
    """Move container images from one registry to another: plan, run, watch, retry.

    Without a command it opens the terminal app.

    \b
    Exit codes: 0 all well, 1 failures left, 2 usage or configuration, 3 only failures left that may go
    well another time, 4 credentials, 5 this machine (disk, permissions), 6 stopped and can be resumed.
    """
    if context.invoked_subcommand is None:
        from tui.cli.terminal_app import open_app

        context.exit(open_app())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = regferry.main(given, prog_name="regferry", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        if "--json" in given:
            _report(error, as_json=True)
        else:
            error.show()
        return USAGE
    except BrokenPipeError:
        # Who read our output went away (`| head`): no complaint at shutdown either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        code = _report(error, as_json="--json" in given)
        if code is None:
            raise
    _flush()
    return int(code or 0)


def _report(error: Exception, *, as_json: bool) -> int | None:
    from tui.cli.failure import report

    return report(error, as_json=as_json)


def _flush() -> None:
    """Write out what was printed; a terminal that went away takes the words with it, and not the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # What is still buffered would fail again at shutdown.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
