"""All that a report says about a run, as one document JSON can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.audit.checksum import checksum, signed_off, utc
from tui.engine.audit.content import Contents
from tui.engine.audit.verdict import verdict
from tui.engine.journal.reader import JournalReader
from tui.engine.report import attempts, document, names, notices
from tui.engine.runs import RunFolder
from tui.engine.tasks import Task
from tui.engine.trees import StoredManifests
from tui.engine.verify.record import Manner, brief, verifications
from tui.oci.text import printable

FORMAT = "regferry report 1"
_LONGEST = 4000


def report_data(folder: RunFolder) -> dict[str, Any]:
    """Return the report of a run with its checksum and who signed it off, all text printable.

    The same journal and verifications give the same data, whenever it is asked for. Raises JournalError.
    """
    with JournalReader(folder.journal) as reader, reader.snapshot():
        data = _data(folder, reader)
    return with_checksum(data, folder)


def with_checksum(data: dict[str, Any], folder: RunFolder) -> dict[str, Any]:
    """Return data with its checksum, and who signed it off."""
    of = checksum(data)
    return {**data, "checksum": of, "sign_off": signed_off(folder, of)}


def _data(folder: RunFolder, reader: JournalReader) -> dict[str, Any]:
    verified = verifications(folder)
    sessions = [dict(row) for row in reader.sessions()]
    after = max((session["ended"] or session["heartbeat"] for session in sessions), default=0.0)
    # What was verified before the run last went on says nothing about what is there now.
    latest: dict[str, Any] = next((each for each in reversed(verified) if each["started"] >= after), {})
    contents = Contents(StoredManifests(reader), latest.get("content", {}))
    tasks = [_task(row, contents, latest.get("verdicts", {})) for row in reader.tasks()]
    plan = reader.meta("plan")
    data = {
        "format": FORMAT,
        **document(reader, folder.name),
        "plan": plan["name"],
        "options": plan["options"],
        "plan_rules": [{"text": row["text"], "origin": row["origin"], "state": row["state"]} for row in reader.rules()],
        "made": utc(reader.meta("created")),
        "made_by": reader.meta("made_by", ""),
        "sessions": [_session(session) for session in sessions],
        "from": _registries(tasks, "source"),
        "to": _registries(tasks, "target"),
        "list": tasks,
        "manifests": contents.manifests,
        "tries": [{**attempt, "at": utc(attempt["at"])} for attempt in attempts(reader)],
        "notices": notices(reader),
        "verifications": [{**_verification(each), "current": each["started"] >= after} for each in verified],
    }
    data["verdict"] = verdict(data)
    cleaned: dict[str, Any] = _clean(data)
    return cleaned


def _task(row: Any, contents: Contents, verdicts: Mapping[str, str]) -> dict[str, Any]:
    source, target = names(row)
    digest = row["root"] or row["pinned"]
    manifests = contents.of(Task.from_row(row), digest) if digest else []
    return {
        "source": source,
        "target": target,
        "state": row["state"],
        "digest": digest,
        "bytes": row["bytes_total"],
        "attempts": row["attempts"],
        "class": row["error_class"],
        "status": row["error_status"],
        "message": row["message"],
        "hint": row["hint"],
        "source_digest": row["pinned"],
        "replaced": row["replaces"],
        "started": utc(row["started"], "milliseconds"),
        "ended": utc(row["ended"], "milliseconds"),
        "platforms": contents.platforms(digest),
        "manifests": manifests,
        "verified": verdicts.get(str(row["id"]), ""),
    }


def _session(row: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: row[name] for name in ("host", "version")}
    return {
        **fields,
        "process": row["pid"],
        "started": utc(row["started"]),
        "ended": utc(row["ended"] or row["heartbeat"]),
        "exit": row["exit_code"],
    }


def _verification(document: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in brief(dict(document)).items() if key not in ("waiting", "run")}
    how = Manner(document["deep"], document["extra"]).words
    return {**own, "started": utc(document["started"]), "ended": utc(document["ended"]), "how": how}


def _registries(tasks: list[dict[str, Any]], side: str) -> list[str]:
    return sorted({task[side].partition("/")[0] for task in tasks})


def _clean(value: Any) -> Any:
    """Return a document with all text printable, and numbers as JSON's canonical form writes them."""
    if isinstance(value, str):
        return printable(value, _LONGEST)
    if isinstance(value, dict):
        return {printable(str(key), _LONGEST): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
