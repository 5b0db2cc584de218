"""The public data that some tests read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[4] / "shared" / "data" / "math"


@pytest.fixture
def rows() -> Callable[[str], list[dict[str, Any]]]:
    """Return the rows of a data file, or skip the test where it is absent."""

    def load(name: str) -> list[dict[str, Any]]:
        path = DATA / name
        if not path.is_file():
            pytest.skip(f"no {path.name}: the data is not part of the project")
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    return load
