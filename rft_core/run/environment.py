"""What a run ran on."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import distributions
from typing import Any


def environment() -> dict[str, Any]:
    """Return the versions of Python, the system and every installed distribution."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "distributions": dict(sorted((d.name.lower(), d.version) for d in distributions())),
    }
