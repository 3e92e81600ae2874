"""Mirror mode: proposing deletions at the target, and carrying out those that somebody reviewed."""
