"""The report of a run that can be handed on: everything that was planned, done and verified, with a checksum."""
