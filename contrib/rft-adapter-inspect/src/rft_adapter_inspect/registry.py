"""What Inspect finds by this distribution's name."""

from rft_adapter_inspect.scorer import composed_reward

__all__ = ["composed_reward"]
