"""Which engines the tests run with."""

import pytest
from rft_grader_jsonschema.engines import fast_engine_installed


@pytest.fixture
def fast() -> None:
    """Skip the test where jsonschema-rs is not installed."""
    if not fast_engine_installed():
        pytest.skip("jsonschema-rs is not installed")


@pytest.fixture(params=["jsonschema", "jsonschema-rs"])
def engine(request: pytest.FixtureRequest) -> str:
    """Run the test with each engine that is installed."""
    if request.param == "jsonschema-rs":
        request.getfixturevalue("fast")
    return str(request.param)
