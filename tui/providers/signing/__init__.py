"""How requests to the clouds' APIs are signed. Pure: times and nonces come from the caller."""
