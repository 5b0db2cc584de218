"""From rows and completions to the parts of questions: instructions, data, and repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from rft_core.errors import OutputParseError
from rft_core.paths import compile_path
from rft_core.types import Item, Sample
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.neutralise import neutralise
from rft_grader_judge.prompt import Data, Question
from rft_grader_judge.tokens import Counter, cut, shortened
from rft_grader_judge.trivial import why_trivial

KEPT_ITEMS: Final = 4096
MAX_CHARS: Final = 1_000_000
"""Longer texts are not looked at, whatever their number of tokens."""


class NothingToJudgeError(Exception):
    """The completion has no answer that is worth a judge; it scores 0 for the reason given."""


class QuestionWriter:
    """Writes the parts of questions that all modes share."""

    def __init__(self, config: JudgeConfig, counter: Counter) -> None:
        self._config = config
        self._counter = counter
        self._template = config.template()
        self._find = None if config.answer is None else compile_path(config.answer)
        self._kept: dict[int, tuple[Item, tuple[str | Data, ...]]] = {}

    def instructions(self, item: Item) -> tuple[str | Data, ...]:
        """Return the instructions for an item, the row's values in them as data.

        Raises `ValueError` if the row lacks a value.
        """
        kept = self._kept.get(id(item))
        if kept is not None and kept[0] is item:
            return kept[1]
        parts = self._written(item)
        if len(self._kept) >= KEPT_ITEMS:
            self._kept.clear()
        self._kept[id(item)] = item, parts
        return parts

    def answer(self, sample: Sample) -> str:
        """Return the text to be judged. Raises `NothingToJudgeError`."""
        text = self._found(sample)
        if reason := why_trivial(text):
            raise NothingToJudgeError(reason)
        if len(text) > MAX_CHARS:
            raise NothingToJudgeError(f"the answer is longer than {MAX_CHARS} characters")
        return text

    def data(self, name: str, text: str) -> Data:
        """Return an answer as data: neutralised, and cut to the tokens that are allowed."""
        return Data(name, self._harmless(text, self._config.max_answer_tokens))

    def repeated(self, question: Question) -> Iterator[Question]:
        """Return the question for each order and vote."""
        for swapped in (False, True) if self._config.swap else (False,):
            for vote in range(self._config.votes):
                yield replace(question, swapped=swapped, vote=vote)

    def _written(self, item: Item) -> tuple[str | Data, ...]:
        try:
            pieces = self._template.pieces({"item": {"id": item.id, **item.fields}})
        except LookupError as error:
            raise ValueError(str(error.args[0])) from None
        return tuple(
            text if path is None else Data(path, self._harmless(text, self._config.max_row_tokens))
            for path, text in pieces
            if text or path is not None
        )

    def _harmless(self, text: str, tokens: int) -> str:
        """Return a text neutralised and cut to size; coarsely before that, so that it is quick."""
        return cut(neutralise(shortened(text, tokens)), tokens, self._counter)[0]

    def _found(self, sample: Sample) -> str:
        """Return the part of the completion that is judged. Raises `NothingToJudgeError`."""
        if self._find is None:
            return sample.text
        try:
            found: list[Any] = self._find(sample.json)
        except OutputParseError as error:
            raise NothingToJudgeError(str(error)) from None
        if len(found) != 1 or not isinstance(found[0], str):
            what = f"{len(found)} values" if len(found) != 1 else type(found[0]).__name__
            raise NothingToJudgeError(f"{self._config.answer} selects {what}, not one text")
        return found[0]
