"""The catalogs, and what keeps them in step with the source: `python -m tui.app.locale` (needs Babel)."""
