"""regferry: move container images from one registry to another, and prove it.

The rooms of the house. Each imports only from those below it, and `tests/test_rooms.py` holds it to that:

- `cli`: the command line; parses, calls, prints.
- `app`: the Textual app; shows the journal of a run and gives orders through it, and never moves a byte itself.
- `repeat`: running a plan again and again: at its times, when its source changes, by a timer of the system.
- `engine`: a run from generate to execute and retry, its journal, verification, reports, deletions.
- `providers`: what differs by vendor: detection, listing, what a target lacks, lent logins, Harbor's replication.
- `plan`: what is to go where: rules, selection, names, plan files and those of other tools. Pure, no network.
- `endpoints`: the registries we know, and their secrets.
- `oci`: the distribution and image-layout protocols in the words of their specifications.

`demo` stands beside: registries of our own with sample images, on `oci` alone.
"""

__version__ = "0.1.0"
