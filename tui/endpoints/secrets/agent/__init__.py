"""The helper process that alone talks to the OS keyring: it may hang and be killed, the program may not."""
