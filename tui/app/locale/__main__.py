"""`python -m tui.app.locale`: bring the catalogs up to date, compile them, and say what is left to translate.

Translate in `LANGUAGE/LC_MESSAGES/regferry.po`, then run it again and commit both files.
"""

from __future__ import annotations

import sys

from tui.app.i18n import LANGUAGES
from tui.app.locale import catalogs


def main() -> int:
    """Return 1 when something is left to do."""
    left = 0
    for language in LANGUAGES:
        catalog = catalogs.update(language)
        for what, found in (
            ("not translated", catalogs.untranslated(catalog)),
            ("other placeholders", catalogs.misplaced(catalog)),
        ):
            for message in found:
                print(f"{language}: {what}: {message!r}")
                left += 1
        print(f"{language}: {len(catalog)} messages")
    return min(1, left)


if __name__ == "__main__":
    sys.exit(main())
