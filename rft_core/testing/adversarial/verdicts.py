"""What an attack's grade means, compared with what the honest completion earned."""

from __future__ import annotations

import math
from typing import Final

from rft_core.testing.adversarial.attack import Attack, Honest, Outcome, Verdict, Wanted
from rft_core.types import Grade

TOLERANCE: Final = 1e-9
"""Scores that differ by less are equal."""


def judge(attack: Attack, honest: Honest, grade: Grade, lowest: float) -> Outcome:
    """Return the attack's outcome; `lowest` is the lowest score of the subject, or -infinity."""
    floor = lowest if math.isfinite(lowest) else min(0.0, honest.score)
    return Outcome(attack, honest, grade, _verdict(attack, honest.score, grade, floor))


def _verdict(attack: Attack, honest: float, grade: Grade, floor: float) -> Verdict:
    if grade.outcome == "error":
        return "broke"
    if attack.wanted == "survive":
        return "held"
    if grade.score is None or honest <= floor + TOLERANCE:
        return "skipped"
    if attack.wanted == "pass":
        return "held" if grade.score >= honest - TOLERANCE else "missed"
    return "held" if grade.score <= _most(attack.wanted, honest, floor) else "fooled"


def _most(wanted: Wanted, honest: float, floor: float) -> float:
    """Return the highest score that an attack of this kind may earn."""
    if wanted == "fail":
        return floor + (honest - floor) / 2 + TOLERANCE
    return honest - TOLERANCE if wanted == "lower" else honest + TOLERANCE
