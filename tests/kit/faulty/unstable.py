"""Graders whose grades depend on more than the sample, or that change what they share."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from faulty import right_score
from rft_core import Grade, Grader, Sample


class SortsTheReference(Grader):
    name = "sorts_the_reference"

    def grade(self, sample: Sample) -> Any:
        answer = sample.json
        labels = answer.get("labels") if isinstance(answer, dict) else None
        if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
            return 0.0
        reference = sample.item.fields["labels"]
        reference.append("x")
        reference.pop()
        reference.sort(reverse=True)
        return float(sorted(labels, reverse=True) == reference)


class PopsFromJson(Grader):
    name = "pops_from_json"

    def grade(self, sample: Sample) -> Any:
        answer = sample.json
        labels = answer.pop("labels", None) if isinstance(answer, dict) else None
        if not isinstance(labels, list):
            return 0.0
        expected = sample.item.fields["labels"]
        return float(len(labels) == len(expected) and all(one in expected for one in labels))


class StripsTheSample(Grader):
    name = "strips_the_sample"

    async def grade(self, sample: Sample) -> Any:
        sample.text = sample.text.strip().lower()
        return float(sample.text == sample.item.fields["answer"].lower())


class SortsTheBatch(Grader):
    name = "sorts_the_batch"

    def grade_batch(self, samples: Any) -> Any:
        samples.sort(key=lambda sample: sample.text)
        return [right_score(sample) for sample in samples]


class WrongOrder(Grader):
    name = "wrong_order"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [right_score(sample) for sample in sorted(samples, key=lambda one: len(one.text))]


class Normalises(Grader):
    name = "normalises"

    async def grade_batch(self, samples: Sequence[Sample]) -> Any:
        lengths = [len(sample.text) for sample in samples]
        return [length / max(*lengths, 1) for length in lengths]


class PunishesRepeats(Grader):
    name = "punishes_repeats"
    seen: ClassVar[set[str]] = set()

    def grade(self, sample: Sample) -> Any:
        known = sample.text in self.seen
        self.seen.add(sample.text)
        return Grade(0.0, "not new") if known else right_score(sample)


class Counts(Grader):
    name = "counts"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.calls = 0

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        self.calls += len(samples)
        return [right_score(sample) * min(1.0, 20 / self.calls) for sample in samples]


class Noisy(Grader):
    name = "noisy"
    deterministic = True

    def grade(self, sample: Sample) -> Any:
        return max(0.0, min(1.0, right_score(sample) + random.SystemRandom().uniform(-0.01, 0.01)))


class NoisyAsync(Grader):
    name = "noisy_async"

    async def grade(self, sample: Sample) -> Any:
        await asyncio.sleep(0)
        return 1.0 if random.SystemRandom().random() < 0.5 else right_score(sample)


class SetOrder(Grader):
    name = "set_order"

    def grade(self, sample: Sample) -> Any:
        words = {word.lower() for word in sample.text.split()} | {"the", "a", "an", "of", "it"}
        return float(list(words)[0] in sample.item.fields["answer"])  # noqa: RUF015


class HashBucket(Grader):
    name = "hash_bucket"

    async def grade(self, sample: Sample) -> Any:
        return right_score(sample) * (hash(sample.text) % 1000) / 1000


class Seeds(Grader):
    name = "seeds"

    def grade(self, sample: Sample) -> Any:
        random.seed(0)
        words = sample.text.split()
        random.shuffle(words)
        return right_score(sample)


class CacheWithoutItem(Grader):
    name = "cache_without_item"
    cache: ClassVar[dict[str, float]] = {}

    def grade(self, sample: Sample) -> Any:
        if sample.text not in self.cache and len(self.cache) < 100:
            self.cache[sample.text] = right_score(sample)
        return self.cache.get(sample.text, 0.0)


class NotThreadSafe(Grader):
    name = "not_thread_safe"
    concurrency = 4

    def grade(self, sample: Sample) -> Any:
        self.sample = sample
        self.words = self.sample.text.split()
        return float(" ".join(self.words) == self.sample.item.fields["answer"])


class NotTaskSafe(Grader):
    name = "not_task_safe"
    concurrency = 8

    async def grade(self, sample: Sample) -> Any:
        self.sample = sample
        await asyncio.sleep(0)
        return right_score(self.sample)


class KeepsSamples(Grader):
    name = "keeps_samples"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.history: list[Sample] = []

    def grade(self, sample: Sample) -> Any:
        self.history.append(sample)
        return right_score(sample)


class KeepsTexts(Grader):
    name = "keeps_texts"
    cache: ClassVar[dict[Any, float]] = {}

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        for sample in samples:
            self.cache[sample.item.id, sample.text] = right_score(sample)
        return [self.cache[sample.item.id, sample.text] for sample in samples]


class BlocksTheLoop(Grader):
    name = "blocks_the_loop"

    async def grade(self, sample: Sample) -> Any:
        time.sleep(0.01)  # noqa: ASYNC251
        return right_score(sample)


class ComputesInTheLoop(Grader):
    name = "computes_in_the_loop"

    async def grade_batch(self, samples: Sequence[Sample]) -> Any:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
        return [right_score(sample) for sample in samples]


class SwallowsCancellation(Grader):
    name = "swallows_cancellation"

    async def grade(self, sample: Sample) -> Any:
        try:
            await asyncio.sleep(0.02)
        except BaseException:  # noqa: BLE001
            return 0.0
        return right_score(sample)


class RetriesForEver(Grader):
    name = "retries_for_ever"

    async def grade(self, sample: Sample) -> Any:
        for _ in range(400):
            try:
                await asyncio.sleep(0.02)
                break
            except asyncio.CancelledError:
                continue
        return right_score(sample)
