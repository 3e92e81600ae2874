"""The registries we know, how to reach them, and their credentials."""
