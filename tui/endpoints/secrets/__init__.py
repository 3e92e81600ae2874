"""Where the secrets of endpoints are kept: stores, their states, and the way to them that never hangs."""
