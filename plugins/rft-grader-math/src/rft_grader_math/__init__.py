r"""Are two mathematical answers the same? A grader for rft-core, and a library of its own.

from rft_grader_math import equivalent, extract

equivalent(r"\\frac{1}{2}", "So the answer is 0.5.")  # True
extract(r"Hence $\\boxed{42}$.").answer               # "42"
"""

from rft_grader_math.compare import Verdict, check_gold, compare, equivalent
from rft_grader_math.errors import GoldError, TooLargeError, UndecidedError, UnreadableError
from rft_grader_math.extraction import Extraction, extract
from rft_grader_math.policy import Policy
from rft_grader_math.reading import read

__all__ = [
    "Extraction",
    "GoldError",
    "Policy",
    "TooLargeError",
    "UndecidedError",
    "UnreadableError",
    "Verdict",
    "check_gold",
    "compare",
    "equivalent",
    "extract",
    "read",
]
