"""The app's own widgets, each a file."""
