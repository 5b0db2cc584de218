"""Which scores move from one version of a shared spec to another."""

from grader_registry.replay.comparison import Comparison, compare, replay
from grader_registry.replay.samples import Samples, read_samples

__all__ = ["Comparison", "Samples", "compare", "read_samples", "replay"]
