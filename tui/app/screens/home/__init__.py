"""The place 'home': the way in for who is new, else the latest runs, the endpoints, and what to do next."""

from tui.app.screens.home.screen import Home

__all__ = ["Home"]
