"""Whether the training libraries are there."""

from __future__ import annotations

import warnings

from rft_core.errors import UsageError


def require_training() -> None:
    """Import the training libraries. Raises `UsageError` if they are not installed."""
    # Their deprecation warnings are for developers.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        import datasets  # noqa: F401
        import peft  # noqa: F401
        import torch  # noqa: F401
        import trl  # noqa: F401
        from transformers.utils import logging
    except ImportError as error:
        raise UsageError(
            f"training needs {error.name}, which is not installed",
            hint="pip install 'rft-core[train]'",
        ) from None
    logging.disable_progress_bar()  # the progress bars are ours
