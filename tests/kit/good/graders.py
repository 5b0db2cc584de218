"""Graders that keep the contract, each of another shape."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from rft_core import Grade, Grader, PluginConfig, Sample
from rft_core.errors import OutputParseError


class KeywordConfig(PluginConfig):
    case_sensitive: bool = Field(default=False, description="whether A and a differ")
    bonus: float = Field(default=0.0, ge=0.0, le=1.0, description="for a completion in one line")


class Plain(Grader[KeywordConfig]):
    """The row's answer, and nothing else."""

    name = "plain"
    version = "1"
    Config: ClassVar[Any] = KeywordConfig
    deterministic = True

    def check_item(self, item: Any) -> None:
        if not isinstance(item.fields.get("answer"), str):
            raise ValueError("column `answer` must be a text")  # noqa: TRY004

    def reference_completion(self, item: Any) -> str:
        return str(item.fields["answer"])

    def grade(self, sample: Sample) -> Any:
        answer, text = sample.item.fields["answer"], sample.text.strip()
        if not self.config.case_sensitive:
            answer, text = answer.lower(), text.lower()
        return Grade(1.0) if text == answer else Grade(0.0, f"not {answer!r}")


class Contains(Grader):
    """Fifteen lines without any check."""

    name = "contains"
    version = "1"

    def grade(self, sample: Sample) -> Any:
        word = sample.item.fields["answer"]
        return Grade(1.0) if word in sample.text else Grade(0.0, f"no {word!r}")


class Asynchronous(Grader):
    """Waits, several at a time."""

    name = "asynchronous"
    version = "1"
    concurrency = 8

    async def grade(self, sample: Sample) -> Any:
        await asyncio.sleep(0.001)
        return float(sample.text.strip() == sample.item.fields["answer"])


class Batched(Grader):
    """Answers equal completions once; one that fails is an error of its own."""

    name = "batched"
    version = "1"
    concurrency = 2

    async def grade_batch(self, samples: Sequence[Sample]) -> Any:
        await asyncio.sleep(0)
        return [self._one(sample) for sample in samples]

    def _one(self, sample: Sample) -> Any:
        try:
            return Grade(float(sample.text.strip() == sample.item.fields["answer"]))
        except KeyError as error:
            return error


class Ranks(Grader):
    """The place of a completion's length among those of its batch."""

    name = "ranks"
    version = "1"
    whole_batches = True

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        lengths = [len(sample.text) for sample in samples]
        return [sum(other < mine for other in lengths) / len(lengths) for mine in lengths]


class Isolated(Grader):
    """Executes the completion, in a process that can be killed."""

    name = "isolated"
    version = "1"
    isolation = "process"
    timeout = 3.0

    def grade(self, sample: Sample) -> Any:
        space: dict[str, Any] = {}
        try:
            exec(sample.text, space)  # noqa: S102 - what this grader is for
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the completion's own
            return Grade(0.0, f"{type(error).__name__}")
        return float(space.get("result") == sample.item.fields["answer"])


class Sometimes(Grader):
    """Applies to rows with an answer only."""

    name = "sometimes"
    version = "1"

    def grade(self, sample: Sample) -> Any:
        expected = sample.item.fields.get("answer")
        if expected is None:
            return Grade(None, "no answer")
        return float(sample.text.strip() == expected)


class Partial(Grader):
    """The share of the row's labels, less the wrong ones; an optional column has synonyms."""

    name = "partial"
    version = "1"
    family = "label_set"

    def reference_completion(self, item: Any) -> str:
        return json.dumps({"labels": item.fields["labels"]})

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [self._graded(sample) for sample in samples]

    def _graded(self, sample: Sample) -> Grade:
        synonyms = sample.item.fields.get("synonyms", {})
        expected = set(sample.item.fields["labels"])
        try:
            answer = sample.json
        except OutputParseError as error:
            return Grade(0.0, str(error))
        named = answer.get("labels") if isinstance(answer, dict) else None
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            return Grade(0.0, "no list of labels")
        found = {synonyms.get(one, one) for one in named}
        score = len(found & expected) / max(len(found | expected), 1)
        return Grade(score, f"{len(found & expected)} right", {"named": float(len(found))})


@functools.lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()[:10_000]))


class Cached(Grader):
    """Remembers a bounded number of texts."""

    name = "cached"
    version = "1"
    score_range = (-1.0, 1.0)
    concurrency = 4

    def grade(self, sample: Sample) -> Any:
        wanted, found = _words(sample.item.fields["answer"]), _words(sample.text)
        if not found:
            return Grade(-1.0, "nothing said")
        return len(wanted & found) / len(wanted | found)


class Brief(Grader):
    """No longer than the row allows, which it need not say."""

    name = "brief"
    version = "1"

    def grade(self, sample: Sample) -> Any:
        tokens = sample.completion.num_tokens
        used = len(sample.text.split()) if tokens is None else tokens
        return 1.0 if used <= sample.item.fields.get("max_tokens", 20) else 0.0
