"""The terminal app: shows the journal, sends commands."""
