"""Runs one command and tells what it cost: `python -I -S launcher.py RESULT COMMAND...`.

A process of its own and a small one, because Linux counts the memory of whoever starts a program into that
program's peak. Writes one JSON object to RESULT: exit status, seconds, CPU seconds, peak bytes (wait4(2), so with all
descendants that were waited for; their peak is that of the largest).
"""

import json
import os
import sys
import time


def main(result: str, command: list[str]) -> None:
    begun = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    cost = {
        "exit": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }
    with open(result, "w") as file:  # noqa: PTH123 - pathlib is not small
        json.dump(cost, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
