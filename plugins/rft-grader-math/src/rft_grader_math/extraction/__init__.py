"""From a completion to the text of its final answer."""

from rft_grader_math.extraction.extract import extract, extract_gold
from rft_grader_math.extraction.found import Extraction

__all__ = ["Extraction", "extract", "extract_gold"]
