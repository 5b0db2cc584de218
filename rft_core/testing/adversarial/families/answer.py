"""Attacks on graders of final answers: M1 to M18 of the catalogue, as far as completions go.

M17 (what the task's author may choose) and M18 (gold answers that cannot be read) are about
options and rows.
"""

from __future__ import annotations

from typing import Final

from rft_core.testing.adversarial.families import answer_forms, answer_hostile, answer_wrong

CLASSES: Final = (*answer_wrong.CLASSES, *answer_forms.CLASSES, *answer_hostile.CLASSES)
