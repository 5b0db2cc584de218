"""The grader `multilabel`: compares a completion's set of labels with the row's."""

from __future__ import annotations

from rft_grader_multilabel.config import Delimited, MultilabelConfig
from rft_grader_multilabel.grader import MultilabelGrader

__all__ = ["Delimited", "MultilabelConfig", "MultilabelGrader"]
