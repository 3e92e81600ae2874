"""Verifying a run: looking whether the target has what was planned, and keeping what was found beside the run."""
