"""The grader `math`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.paths import compile_path
from rft_core.types import Grade, Item, Sample
from rft_grader_math.compare import Verdict, check_gold, compare_read, read_gold
from rft_grader_math.config import MathConfig


class MathGrader(Grader[MathConfig]):
    """Grades 1.0 if the final answer of the completion equals the row's gold answer, else 0.0.

    A completion without an answer, with one that is doubted, cannot be read or exceeds a bound is
    wrong. A comparison that is given up at its deadline is an error.
    """

    name = "math"
    version = "2"
    family = "answer"
    Config: ClassVar[type[PluginConfig]] = MathConfig
    concurrency: ClassVar[int] = 2
    """As many as there are algebra workers."""
    deterministic: ClassVar[bool] = True

    def __init__(self, config: MathConfig) -> None:
        super().__init__(config)
        self._policy = config.policy()
        self._find = compile_path(config.reference)

    def __reduce__(self) -> tuple[type[MathGrader], tuple[MathConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` if the row has no gold answer, or one that cannot be read."""
        check_gold(self._gold(item), self._policy)

    def warnings(self) -> Sequence[str]:
        """Return what is allowed but probably not meant."""
        config = self.config
        found: list[str] = []
        if config.timeout > (self.timeout or config.timeout):
            found.append(f"timeout {config.timeout:g} s is longer than the grader's own deadline")
        if config.hedged == "accept":
            found.append("hedged: accept pays for 'the answer is not 42'")
        if config.tolerance and config.tolerance > 0.01:  # noqa: PLR2004 - one percent
            found.append(f"tolerance {config.tolerance:g} pays for guesses near the answer")
        return found

    def grade(self, sample: Sample) -> Grade:
        """Grade one sample; raises `UndecidedError` if the comparison was given up."""
        gold = read_gold(self._gold(sample.item), self._policy.decimal_comma)
        verdict = compare_read(gold, sample.text, self._policy)
        return Grade(float(verdict.equal), _reason(verdict))

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion with the gold answer in a box, or in the first place."""
        answer = read_gold(self._gold(item), self._policy.decimal_comma).text
        place = "boxed" if "boxed" in self._policy.extract else self._policy.extract[0]
        if place == "json":
            return _json(self._policy.field.split("."), answer)
        return _REFERENCES[place].format(answer)

    def _gold(self, item: Item) -> str:
        values: list[Any] = self._find(item.fields)
        if len(values) != 1:
            raise ValueError(
                f"{self.config.reference} selects {len(values)} values in the row, not one"
            )
        (value,) = values
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            kind = type(value).__name__
            raise ValueError(f"{self.config.reference} is {kind}, not a text or number")  # noqa: TRY004 - the row's fault
        return value if isinstance(value, str) else str(value)


_REFERENCES: Final = {
    "template": "Final Answer: The final answer is {}. I hope it is correct.",
    "boxed": r"\boxed{{{}}}",
    "hashes": "#### {}",
    "marker": "The answer is {}.",
    "whole": "{}",
    "math": "It is ${}$.",
    "number": "It is {}.",
}


def _json(keys: Sequence[str], answer: str) -> str:
    value: Any = answer
    for key in reversed(keys):
        value = {key: value}
    return json.dumps(value, ensure_ascii=False)


def _reason(verdict: Verdict) -> str:
    """Return what was extracted from where, and the verdict."""
    found = verdict.extraction
    if found.answer is None:
        return found.problem
    shown = found.answer if len(found.answer) <= 80 else found.answer[:77] + "..."  # noqa: PLR2004
    where = f"{shown!r} ({found.place})"
    return f"{where}: {verdict.reason}" if verdict.reason else where
