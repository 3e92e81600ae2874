"""What differs from registry to registry: which one it is, whether we get in, and what is there."""
