"""Generate, execute, retry: the run of a plan and its journal."""
