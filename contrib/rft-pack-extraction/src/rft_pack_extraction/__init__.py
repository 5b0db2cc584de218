"""Rewards for records that are extracted from texts, and the grader `record` that they share.

How a completion becomes a grade:

    text --exact_json--> document --RecordField.compare--> findings --> share of fields right
"""

from rft_pack_extraction.config import RecordConfig
from rft_pack_extraction.grader import RecordGrader

__all__ = ["RecordConfig", "RecordGrader"]
