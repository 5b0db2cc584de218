"""The practice system's categories: titles of our own, and the words of notes that mean them.

The system borrows the structure of ICD-10, which is public (a letter and two digits are a
category, what follows a dot divides it, ranges make blocks and chapters), and nothing else: no
title is taken from there, and a code means here what this file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SIDES: Final = {"0": "left", "1": "right", "2": "both sides"}
COURSES: Final = {"0": "sudden", "1": "lasting", "2": "returning"}


@dataclass(frozen=True)
class Category:
    """A category, how notes call it, and what its fourth character says."""

    code: str
    title: str
    phrases: tuple[str, ...]
    variants: dict[str, str]

    def codes(self) -> dict[str, str]:
        """Return the codes of the category with their titles."""
        return {f"{self.code}.{digit}": f"{self.title}, {v}" for digit, v in self.variants.items()}


def _sided(code: str, title: str, *phrases: str) -> Category:
    return Category(code, title, (title, *phrases), SIDES)


def _timed(code: str, title: str, *phrases: str) -> Category:
    return Category(code, title, (title, *phrases), COURSES)


CATEGORIES: Final = (
    _timed("A02", "stomach bug", "upset stomach after a meal"),
    _timed("A08", "watery stool", "runs"),
    _timed("B30", "skin fungus", "ringworm"),
    _timed("B35", "warts", "rough bumps on the skin"),
    _sided("H10", "pink eye", "red and sticky eye"),
    _sided("H16", "scratched eye", "sand in the eye"),
    _sided("H60", "swimmer's ear", "itching ear canal"),
    _sided("H66", "earache", "pain deep in the ear"),
    _timed("J01", "blocked sinuses", "pressure behind the cheeks"),
    _timed("J03", "sore throat", "pain when swallowing"),
    _timed("J20", "chesty cough", "cough with phlegm"),
    _timed("J45", "wheezing", "tight chest at night"),
    _timed("K21", "heartburn", "acid taste after eating"),
    _timed("K29", "stomach ache", "burning below the ribs"),
    _timed("K52", "cramps in the bowels", "griping belly"),
    _timed("K59", "hard stool", "no bowel movement for days"),
    _sided("M17", "worn knee", "stiff knee in the morning"),
    _sided("M19", "worn hip", "hip that grinds"),
    _timed("M54", "back pain", "lumbago"),
    _timed("M62", "pulled muscle", "muscle that cramps"),
    _sided("S60", "bruised hand", "hand caught in a door"),
    _sided("S63", "sprained wrist", "wrist bent in a fall"),
    _sided("S90", "bruised foot", "foot trodden on"),
    _sided("S93", "twisted ankle", "ankle turned on the stairs"),
)
"""In the order of their codes."""
