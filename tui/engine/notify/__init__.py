"""Telling others that a run has ended: a webhook, and a file for Prometheus."""
