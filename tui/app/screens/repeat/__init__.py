"""Repeating a plan: when, by whom, and the text for that."""
