"""Graders of texts by their overlap with references: BLEU, ROUGE and METEOR."""

from rft_grader_text_metrics.bleu import BleuConfig, BleuGrader
from rft_grader_text_metrics.meteor import MeteorConfig, MeteorGrader
from rft_grader_text_metrics.rouge import RougeConfig, RougeGrader

__all__ = [
    "BleuConfig",
    "BleuGrader",
    "MeteorConfig",
    "MeteorGrader",
    "RougeConfig",
    "RougeGrader",
]
