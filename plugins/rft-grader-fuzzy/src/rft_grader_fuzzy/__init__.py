"""The grader `fuzzy`: how similar a completion's text is to the row's."""

from __future__ import annotations

from rft_grader_fuzzy.config import FieldConfig, FuzzyConfig, WeightedPath
from rft_grader_fuzzy.grader import FuzzyGrader

__all__ = ["FieldConfig", "FuzzyConfig", "FuzzyGrader", "WeightedPath"]
