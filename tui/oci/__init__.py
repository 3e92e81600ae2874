"""The registry protocol in the words of the OCI distribution specification."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

# httpx brings a command line of its own (click, rich, pygments: a tenth of our start-up), imported wherever it can be
# had. None stands for a module that cannot be had, and httpx does without it then.
sys.modules.setdefault("httpx._main", cast(ModuleType, None))
