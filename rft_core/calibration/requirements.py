"""Whether the statistics libraries are there."""

from __future__ import annotations

from rft_core.errors import UsageError


def require_calibration() -> None:
    """Import the statistics libraries. Raises `UsageError` if they are not installed."""
    try:
        import scipy.stats  # noqa: F401
        import sklearn.metrics  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"calibration needs {error.name}, which is not installed",
            hint='pip install "rft-core[calibrate]"',
        ) from None
