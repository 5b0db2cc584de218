"""The grader `reasoning_gym`."""

from __future__ import annotations

import re

from rft_adapter_reasoning_gym import datasets
from rft_adapter_reasoning_gym.config import ReasoningGymConfig
from rft_adapter_reasoning_gym.entries import answer_of, dataset_of, entry_of
from rft_core.grader import Grader
from rft_core.types import Grade, Item, Sample

SHOWN_CHARS = 200


class ReasoningGym(Grader[ReasoningGymConfig]):
    """Scores answers as the reasoning-gym dataset does that the question is from.

    Rows are reasoning-gym's entries, with `question`, `answer` and `metadata`;
    `rft reasoning-gym write` makes them. An answer that a scorer raises on is an error, not a 0.
    """

    name = "reasoning_gym"
    version = "1"
    Config = ReasoningGymConfig
    isolation = "process"  # scorers parse what the policy wrote, some with sympy: they may hang
    timeout = 10.0
    deterministic = True
    family = "answer"

    def __init__(self, config: ReasoningGymConfig) -> None:
        super().__init__(config)
        self._datasets: dict[str, datasets.Dataset] = {}
        if config.dataset is not None:
            self._dataset(config.dataset)
        elif config.options:
            raise ValueError("`options` are those of one dataset: name it by `dataset`")

    def check_item(self, item: Item) -> None:
        """Refuse rows that are no entries, or of another dataset."""
        answer_of(item)
        self._dataset(dataset_of(item, self.config.dataset))

    def reference_completion(self, item: Item) -> str | None:
        """Return the row's answer, in its tag."""
        answer, tag = answer_of(item), self.config.tag
        return answer if answer is None or tag is None else f"<{tag}>{answer}</{tag}>"

    def grade(self, sample: Sample) -> Grade:
        """Score the answer."""
        answer = self._answer(sample.text)
        if answer is None:
            return Grade(0.0, f"no <{self.config.tag}>…</{self.config.tag}>")
        name = dataset_of(sample.item, self.config.dataset)
        score = float(self._dataset(name).score_answer(answer, entry_of(sample.item, name)))
        return Grade(score, None if score == 1 else f"answered {answer[:SHOWN_CHARS]!r}")

    def _answer(self, text: str) -> str | None:
        """Return the answer, as reasoning-gym extracts it; None if there is none."""
        from reasoning_gym.utils import extract_answer

        if self.config.reasoning_tag is not None:
            text = without(text, self.config.reasoning_tag)
        answer: str | None = (
            text if self.config.tag is None else extract_answer(text, self.config.tag)
        )
        return answer

    def _dataset(self, name: str) -> datasets.Dataset:
        """Return a dataset, made once. Raises `ValueError`."""
        if name not in self._datasets:
            dataset = datasets.create(name, self.config.options)
            unsafe = None if self.config.allow_eval else datasets.evaluator(dataset)
            if unsafe is not None:
                raise ValueError(
                    f"the scorer of {name!r} calls {unsafe}, so what the policy writes may be run "
                    "as Python code. Set `allow_eval: true` if that is all right here."
                )
            self._datasets[name] = dataset
        return self._datasets[name]


def without(text: str, tag: str) -> str:
    """Return the text without what the tag holds, be it closed, never closed, or never opened.

    Some chat templates write the opening tag into the prompt.
    """
    closed = re.sub(f"<{tag}>.*?</{tag}>", "", text, flags=re.DOTALL)
    return closed.rpartition(f"</{tag}>")[2].partition(f"<{tag}>")[0]
