"""From a completion to the text of its final answer."""

from rft_grader_math.extraction.extract import Extraction, extract, extract_gold

__all__ = ["Extraction", "extract", "extract_gold"]
