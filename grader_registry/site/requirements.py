"""Whether the library that the site is written with is there."""

from __future__ import annotations

from rft_core.errors import UsageError


def require_site() -> None:
    """Import the template library. Raises `UsageError` if it is not installed."""
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"the site needs {error.name}, which is not installed",
            hint="pip install 'rft-core[site]'",
        ) from None
