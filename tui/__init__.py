"""regferry: move container images from one registry to another, and prove it."""

__version__ = "0.1.0"
