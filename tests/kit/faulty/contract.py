"""Graders that return what no grader may return, or stumble over completions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from faulty import right, right_score
from rft_core import Grade, Grader, PluginConfig, Sample


class NoneForWrong(Grader):
    name = "none_for_wrong"

    def grade(self, sample: Sample) -> Any:
        return 1.0 if right(sample) else None


class NoneForUnreadable(Grader):
    name = "none_for_unreadable"

    def grade(self, sample: Sample) -> Any:
        if not sample.text.strip():
            return Grade(None, "nothing to grade")
        return right_score(sample)


class NanOnEmpty(Grader):
    name = "nan_on_empty"

    def grade(self, sample: Sample) -> Any:
        words = sample.text.split()
        answer = sample.item.fields["answer"].split()
        return len(set(words) & set(answer)) / len(words) if words else math.nan


class DividesByWords(Grader):
    name = "divides_by_words"

    async def grade(self, sample: Sample) -> Any:
        words = sample.text.split()
        return right_score(sample) * len(words) / len(words)


class AboveOneOnDuplicates(Grader):
    name = "above_one_on_duplicates"

    def grade(self, sample: Sample) -> Any:
        expected = sample.item.fields["labels"]
        answer = sample.json
        named = answer.get("labels") if isinstance(answer, dict) else None
        if not isinstance(named, list):
            return Grade(0.0, "no labels")
        return sum(label in expected for label in named) / len(expected)


class ScoreAsText(Grader):
    name = "score_as_text"

    def grade(self, sample: Sample) -> Any:
        return "1.0" if right(sample) else "0.0"


class ReasonIsNumber(Grader):
    name = "reason_is_number"

    def grade(self, sample: Sample) -> Any:
        return Grade(right_score(sample), len(sample.text))  # type: ignore[arg-type]


class YieldsGrades(Grader):
    name = "yields_grades"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return (right_score(sample) for sample in samples)


class DropsEmpties(Grader):
    name = "drops_empties"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [right_score(sample) for sample in samples if sample.text.strip()]


class WrongLengthOnDuplicates(Grader):
    name = "wrong_length_on_duplicates"

    async def grade_batch(self, samples: Sequence[Sample]) -> Any:
        different = {(sample.item.id, sample.text): sample for sample in samples}
        return [right_score(sample) for sample in different.values()]


class SurrogatesBreakIt(Grader):
    name = "surrogates_break_it"

    def grade(self, sample: Sample) -> Any:
        sample.text.encode("utf-8")
        return right_score(sample)


class DeepJson(Grader):
    name = "deep_json"

    def grade(self, sample: Sample) -> Any:
        return right_score(sample) if self._depth(sample.text, 0) >= 0 else 0.0

    def _depth(self, text: str, at: int) -> int:
        return 1 + self._depth(text, at + 1) if text[at : at + 1] == "[" else 0


class TrustsTheShape(Grader):
    name = "trusts_the_shape"

    def grade(self, sample: Sample) -> Any:
        return float(set(sample.json["labels"]) == set(sample.item.fields["labels"]))


class NeedsTokens(Grader):
    name = "needs_tokens"

    def grade(self, sample: Sample) -> Any:
        tokens: Any = sample.completion.num_tokens
        return right_score(sample) if tokens < 1000 else 0.0


class DividesByTokens(Grader):
    name = "divides_by_tokens"

    def grade(self, sample: Sample) -> Any:
        tokens = sample.completion.num_tokens
        return right_score(sample) if tokens is None else right_score(sample) * min(1, 9 / tokens)


class ReadsInt(Grader):
    name = "reads_int"

    def grade(self, sample: Sample) -> Any:
        text = sample.text.strip()
        return float(text.isdigit() and str(int(text)) == sample.item.fields["answer"]) or (
            right_score(sample)
        )


class CatastrophicPattern(Grader):
    name = "catastrophic_pattern"

    def grade(self, sample: Sample) -> Any:
        if not re.fullmatch(r"(\w+\s?)*", sample.text):
            return Grade(0.0, "no words")
        return right_score(sample)


class QuadraticPattern(Grader):
    name = "quadratic_pattern"

    async def grade(self, sample: Sample) -> Any:
        text = re.sub(r"\s+$", "", sample.text)
        return float(text == sample.item.fields["answer"])


class MemoryBomb(Grader):
    name = "memory_bomb"

    def grade(self, sample: Sample) -> Any:
        text = sample.text.strip()
        if text.isascii() and text.isdigit() and len(text) < 20:
            marks = "|" * int(text)
            return float(str(len(marks)) == sample.item.fields["answer"])
        return right_score(sample)


class _LooseConfig(PluginConfig):
    model_config = ConfigDict(extra="ignore")
    strict: bool = True


class UnknownKeys(Grader[_LooseConfig]):
    name = "unknown_keys"
    Config: ClassVar[Any] = _LooseConfig

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class _Section(BaseModel):
    depth: int = 1


class _LooseSection(PluginConfig):
    section: _Section = _Section()


class UnknownKeysInside(Grader[_LooseSection]):
    name = "unknown_keys_inside"
    Config: ClassVar[Any] = _LooseSection

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class _MutableConfig(PluginConfig):
    model_config = ConfigDict(frozen=False)
    strict: bool = True


class ConfigCanChange(Grader[_MutableConfig]):
    name = "config_can_change"
    Config: ClassVar[Any] = _MutableConfig

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class _Unpicklable(PluginConfig):
    normalise: Any = None

    def model_post_init(self, _: Any) -> None:
        object.__setattr__(self, "normalise", lambda text: text.strip())


class ConfigDoesNotPickle(Grader[_Unpicklable]):
    name = "config_does_not_pickle"
    Config: ClassVar[Any] = _Unpicklable

    def grade(self, sample: Sample) -> Any:
        return float(self.config.normalise(sample.text) == sample.item.fields["answer"])


def _make_local() -> type[Grader[Any]]:
    class Local(Grader):
        name = "class_cannot_be_imported"

        def grade(self, sample: Sample) -> Any:
            return right_score(sample)

    return Local


Local = _make_local()


class ReferenceIsNotFull(Grader):
    name = "reference_is_not_full"

    def reference_completion(self, item: Any) -> str:
        return f"The answer is {item.fields['answer']}."

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class BadReport(Grader):
    name = "bad_report"

    def report(self, samples: Any, grades: Any) -> Any:
        return {"mean": sum(grade.score for grade in grades) / len(grades)}

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class ClosesOnce(Grader):
    name = "closes_once"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.open: list[str] = ["connection"]

    def close(self) -> None:
        self.open.pop()

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)
