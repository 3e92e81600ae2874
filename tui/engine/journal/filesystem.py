"""What a folder is on: a journal's write-ahead log needs memory that processes share, which no network gives them
("WAL does not work over a network filesystem", sqlite.org/wal.html)."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_OVER_A_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb2", "smb3", "9p", "afs", "ceph", "lustre", "glusterfs"})
_REMOTE_FUSE = re.compile(r"fuse\.(sshfs|s3fs|rclone|glusterfs|ceph.*|nfs.*|smb.*)")
_OCTAL = re.compile(r"\\([0-7]{3})")


def filesystem_of(path: Path, mounts: Path | None = None) -> str:
    """Return the type of the file system a path is on ('ext4', 'nfs4'), '' where the system does not say (proc(5))."""
    try:
        lines = (mounts or MOUNTS).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    best, found = -1, ""
    for line in lines:
        before, _dash, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) < 5 or not kind:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4]))
        # What was mounted later lies above.
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), kind
    return found


def over_a_network(kind: str) -> bool:
    """Return whether a file system is on another machine."""
    return kind in _OVER_A_NETWORK or _REMOTE_FUSE.fullmatch(kind) is not None
