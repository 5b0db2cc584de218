"""The grader `judge`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from statistics import fmean, quantiles
from typing import Any, ClassVar, Final, Self

from rft_core.configurable import PluginConfig
from rft_core.errors import RunStopError
from rft_core.grader import Grader
from rft_core.types import BatchGradeLike, Grade, Item, Sample
from rft_grader_judge.asking import Answer, Asker
from rft_grader_judge.canaries import attack
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.endpoint import close_endpoints
from rft_grader_judge.errors import JudgeError
from rft_grader_judge.ledger import NO_USAGE
from rft_grader_judge.modes import Pointwise, Work, make_mode
from rft_grader_judge.pooling import Outcome
from rft_grader_judge.prompt import Question
from rft_grader_judge.questions import QuestionWriter
from rft_grader_judge.tokens import Counter, Estimate, Tokenizer

WAITING_PER_SLOT: Final = 8
"""Questions under way for each request in flight: most of the others pause before a retry."""
CLOSING_SECONDS: Final = 5.0


class JudgeGrader(Grader[JudgeConfig]):
    """Lets a language model grade: by score, label, rubric, or ranking within a group.

    A judgement that fails for whatever cause is an error of its sample, never a score.
    """

    name = "judge"
    version = "1"
    family = "judge"
    Config: ClassVar[type[PluginConfig]] = JudgeConfig
    timeout = None  # the endpoint's deadline holds for each judgement
    whole_batches = True
    paid = True

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__(config)
        config.endpoint.key()
        counter: Counter = Estimate() if config.tokenizer is None else Tokenizer(config.tokenizer)
        self._writer = QuestionWriter(config, counter)
        self._mode = make_mode(config, self._writer)
        self._asker = Asker(config, counter)
        self._attacks = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` if the row lacks a value of the instructions."""
        self._writer.instructions(item)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        return self.config.suspicions()

    def without_memory(self) -> Self:
        """Return the same judge without its cache."""
        return type(self)(self.config.model_copy(update={"cache": None}))

    async def grade_batch(self, samples: Sequence[Sample]) -> list[BatchGradeLike]:
        """Grade a batch; every different question is asked once.

        A sample whose judgement failed has the exception in place of its grade.
        """
        self._loop = asyncio.get_running_loop()
        batch = _Batch(self._asker)
        await batch.ask(self._planned(samples))
        grades: list[BatchGradeLike] = [None] * len(samples)
        for work, composed in batch.composed():
            for index, grade in zip(work.samples, composed, strict=True):
                grades[index] = _with_canary(grades[index], grade) if work.is_canary else grade
        return grades

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return what the judgements took, how they vary, and what canaries would have earned."""
        told: dict[str, Any] = {}
        for name in ("prompt_tokens", "completion_tokens", "cost", "retries"):
            told[name] = sum(_values(grades, name))
        for name in ("cached", "spread", "order_swing", "canary"):
            if values := _values(grades, name):
                told[name] = fmean(values)
        seconds = _values(grades, "latency_seconds")
        if len(seconds) > 1:
            cuts = quantiles(seconds, n=100, method="inclusive")
            told["latency_seconds"] = {"p50": cuts[49], "p99": cuts[98]}
        return told

    def close(self) -> None:
        """Close the cache, and the connections of the runner's event loop.

        Who awaits `grade_batch` on a loop of their own ends it with `await close_endpoints()`.
        """
        self._asker.close()
        loop, self._loop = self._loop, None
        if loop is not None and loop.is_running() and loop is not _running_loop():
            closing = asyncio.run_coroutine_threadsafe(close_endpoints(), loop)
            with suppress(TimeoutError):
                closing.result(CLOSING_SECONDS)

    def _planned(self, samples: Sequence[Sample]) -> Iterator[Work]:
        """Yield the work for a batch, canaries last."""
        judged: list[int] = []
        for work in self._mode.plan(samples):
            judged += work.samples[:1] if work.questions else []
            yield work
        count = min(self.config.canaries, len(judged))
        if isinstance(self._mode, Pointwise) and count:
            for index in judged[:: len(judged) // count][:count]:
                work = self._mode.work(index, samples[index].item, attack(self._attacks))
                yield replace(work, is_canary=True)
                self._attacks += 1


class _Batch:
    """The questions of one batch: each different one is asked once, its cost counted once."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._works: list[tuple[Work, list[str]]] = []
        self._outcomes: dict[str, Outcome] = {}

    async def ask(self, works: Iterable[Work]) -> None:
        """Ask the questions of all works, while they are still being written.

        Failures are outcomes too.
        """
        pending = self._distinct(works)

        async def ask_some() -> None:
            for key, question in pending:
                try:
                    self._outcomes[key] = await self._asker.ask(key, question)
                except Exception as error:  # noqa: BLE001 - told as the sample's own
                    self._outcomes[key] = _bare(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._asker.concurrency * WAITING_PER_SLOT):
                group.create_task(ask_some())

    def composed(self) -> Iterator[tuple[Work, Sequence[Grade | Exception]]]:
        """Yield each work with the grades of its samples, or why there are none."""
        for work, keys in self._works:
            yield work, self._compose(work, [self._take(key) for key in keys])

    def _compose(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Grade | Exception]:
        try:
            return work.compose(outcomes)
        except Exception as error:  # noqa: BLE001 - told as the samples' own
            return [_bare(error)] * len(work.samples)

    def _distinct(self, works: Iterable[Work]) -> Iterator[tuple[str, Question]]:
        seen: set[str] = set()
        for work in works:
            keys = [self._asker.key(question) for question in work.questions]
            self._works.append((work, keys))
            for key, question in zip(keys, work.questions, strict=True):
                if key not in seen:
                    seen.add(key)
                    yield key, question

    def _take(self, key: str) -> Outcome:
        """Return an outcome; who takes it next finds it known and free."""
        outcome = self._outcomes[key]
        if isinstance(outcome, Answer) and outcome.is_fresh:
            self._outcomes[key] = replace(outcome, usage=NO_USAGE, seconds=None)
        return outcome


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _with_canary(grade: BatchGradeLike, canary: Grade | Exception) -> BatchGradeLike:
    """Log what an attack would have earned beside the grade of the sample whose place it took."""
    if not isinstance(grade, Grade) or not isinstance(canary, Grade) or canary.score is None:
        return grade
    return Grade(grade.score, grade.reason, {**grade.metrics, "canary": canary.score})


def _bare(error: Exception) -> Exception:
    """Return a failure of the judge without traceback, which says nothing about the judge.

    Defects of ours keep theirs.
    """
    expected = isinstance(error, JudgeError | TimeoutError | RunStopError)
    return error.with_traceback(None) if expected else error


def _values(grades: Sequence[Grade], name: str) -> list[float]:
    return [grade.metrics[name] for grade in grades if name in grade.metrics]
