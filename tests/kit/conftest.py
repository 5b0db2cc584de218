"""The test kit's own tests: graders with defects, and good ones, are modules of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

# Worker processes import the graders as the tests do.
sys.path.insert(0, str(Path(__file__).parent))
