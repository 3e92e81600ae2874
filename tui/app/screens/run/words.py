"""What is said about a run: why it is as it is, how it ended, what one can do now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.app.i18n import _, ngettext
from tui.app.run_state import outcome_text
from tui.app.screens.run.task_rows import OPEN, TaskRows
from tui.app.widgets.figures import bytes_text
from tui.app.widgets.fitted import clean
from tui.plan.naming import registry_of

_MOST_PRINTED = 600


def why(state: str, exit_code: int | None, progress: Mapping[str, Any], rows: TaskRows, printed: str = "") -> str:
    """Return what to know about a run in this state, in one line; `printed` is what its process said at its end."""
    match state:
        case "new":
            return _("nothing was copied yet; press r to run it")
        case "planned":
            return _("its tasks are known, nothing was copied yet; press r to run it")
        case "stopped":
            said = outcome_text(state, exit_code)
            return _("{why}; press r to go on").format(why=said)
        case "interrupted":
            said = outcome_text(state, exit_code)
            last = printed.rpartition("\n")[2].strip()
            return _("{why}; press r to go on").format(why=f"{said} ({last})" if last else said)
        case "failed":
            return _("{why}; press F to see why").format(why=outcome_text(state, exit_code))
        case "done":
            return ", ".join([outcome_text(state, exit_code), *_saved(progress)])
        case "paused":
            return _("press p to go on")
        case "waiting":
            return clean(progress["message"])
        case "running" if progress["phase"] == "generate" and progress["message"] and not rows.count():
            listed = clean(progress["message"])
            return _("finding out what there is to do: {listed} repositories are listed").format(listed=listed)
        case "running" if progress["phase"] == "generate":
            return _("finding out what there is to do")
        case "running" if message := progress["message"]:
            return clean(message)
        case "running" if progress["phase"] == "execute" and not rows.running and _some_left(rows):
            return _("layers that several images share go first")
    return ""


def empty_words(state: str, printed: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Return title, sentence and keys for a run without tasks."""
    back = ("esc", _("to the list of runs"))
    if state == "starting":
        return _("Starting"), _("The process of the run is on its way."), [back]
    if state == "new" and not printed:
        sentence = _("It becomes a process of its own and goes on when you leave.")
        return _("Ready to run"), sentence, [("r", _("run it")), back]
    if state in ("new", "interrupted"):
        title = _("The process of the run ended before it could begin")
        return title, printed[-_MOST_PRINTED:], [("r", _("try again")), back]
    return _("Nothing to do"), _("The rules of the plan found no images."), [back]


def end_words(state: str, exit_code: int | None, counts: Mapping[str, int], name: str) -> tuple[str, str]:
    """Return what to say when a run ended while it was watched, and in which style."""
    well = sum(counts.get(kind, 0) for kind in ("done", "unchanged"))
    failed = sum(counts.get(kind, 0) for kind in ("failed", "conflict"))
    if state == "done":
        told = ngettext("{count} image is at the target", "{count} images are at the target", well)
        return _("The run ended: {what}.").format(what=told.format(count=f"{well:,}")), "success"
    if state == "failed":
        told = ngettext("{count} failure", "{count} failures", failed).format(count=f"{failed:,}")
        return _("The run ended with {what}; press F to see why, R to try again.").format(what=told), "error"
    if state == "stopped":
        return _("The run stopped; press r to go on."), "warning"
    if state == "planned":
        return _("The tasks of the run are known; press r to run it."), "success"
    return _("The process of the run ended before it was done; press r to go on."), "error"


def registries_of(plan: Mapping[str, Any]) -> tuple[str, str]:
    """Return what all sources and all targets of a plan begin with: `host/`, '' where they differ."""
    sources = {rule["source_registry"] for rule in plan["rules"]}
    targets = {registry_of(rule["target"]) for rule in plan["rules"]}
    return _only(sources), _only(targets)


def _saved(progress: Mapping[str, Any]) -> list[str]:
    found = []
    if progress["bytes_mounted"]:
        found.append(_("{bytes} mounted instead of copied").format(bytes=bytes_text(progress["bytes_mounted"])))
    if progress["bytes_present"]:
        found.append(_("{bytes} were there").format(bytes=bytes_text(progress["bytes_present"])))
    return found


def _only(registries: set[str]) -> str:
    found = registries.pop() if len(registries) == 1 else ""
    return f"{found}/" if found else ""


def _some_left(rows: TaskRows) -> bool:
    return any(number and state in OPEN for (_phase, state), number in rows.standing.items())
