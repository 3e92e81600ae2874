"""What differs from one registry vendor to another."""
