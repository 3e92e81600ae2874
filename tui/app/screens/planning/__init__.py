"""Making a plan: where the selection goes, what will happen there, and starting the run."""
