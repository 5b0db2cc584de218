"""What is evaluated at all.

Bounds are counted in characters, digits, levels and steps, never in seconds: whether a completion
exceeds one does not depend on the machine or its load. An answer that does is wrong, unevaluated.
"""

from __future__ import annotations

from typing import Final

MAX_COMPLETION_CHARS: Final = 1_000_000
"""Longer completions are not searched for an answer."""
MAX_ANSWER_CHARS: Final = 5_000
"""Longer answers are not read."""
MAX_DEPTH: Final = 40
"""Levels of brackets, fractions, exponents and function arguments."""
MAX_HEIGHT: Final = 80
"""Operations inside of each other, with or without brackets."""
MAX_TOKENS: Final = 2_000
MAX_DIGITS: Final = 1_000
"""Digits of one number, as written or as the exact result of arithmetic."""
MAX_ITEMS: Final = 300
"""Elements of a collection, and entries of a matrix."""
MAX_FACTORIAL: Final = 1_000
"""The largest argument of a factorial or binomial that is evaluated exactly."""
MAX_EXPONENT_10: Final = 2_000
"""No value beyond 10 to the power of this is evaluated numerically."""
MAX_STEPS: Final = 20_000
"""Operations of numeric evaluation in one comparison."""
