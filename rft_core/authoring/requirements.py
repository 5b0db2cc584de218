"""Whether the libraries for plugin authors are there."""

from __future__ import annotations

from rft_core.errors import UsageError


def require_authoring() -> None:
    """Import what renders templates. Raises `UsageError` if it is not installed."""
    try:
        import copier  # noqa: F401
        import packaging.licenses  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"a new plugin needs {error.name}, which is not installed",
            hint='pip install "rft-core[authoring]"',
        ) from None
