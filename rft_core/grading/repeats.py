"""Grading equal samples once.

GRPO's groups repeat themselves: a policy that is sure of its answer gives it eight times. Where a
grader says that it is pure, equal samples of a batch cost one call, and where it says that it is
deterministic, grades are kept for later batches too. Errors are never kept: what was down may be up
again at the next step.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from cachetools import LRUCache

from rft_core.types import Grade, Item, Sample

MAX_KEPT_CHARS: Final = 32_000_000
"""Room for kept grades, in characters of completions and reasons; the longest unused go first."""
ENTRY_CHARS: Final = 500
"""What an entry counts besides its texts, so that empty ones are not without number."""
MAX_ENTRY_CHARS: Final = MAX_KEPT_CHARS // 100

Run: TypeAlias = Callable[[Sequence[Sample]], Awaitable[list[Grade]]]


class Key(NamedTuple):
    """What equal samples have in common, as long as their item lives."""

    item_id: int
    text: str
    num_tokens: int | None
    finish_reason: str | None
    turns: str


class _Kept(NamedTuple):
    """A grade, and the item that it belongs to as long as that lives.

    Another object can have its identity afterwards. The item is not held: a file's rows may be
    large, and never come again.
    """

    item: weakref.ref[Item]
    grade: Grade
    chars: int


class Repeats:
    """Stands before an executor and passes the first of equal samples on."""

    def __init__(self, *, across_batches: bool) -> None:
        """Keep grades from batch to batch if `across_batches`."""
        self._kept: LRUCache[Key, _Kept] | None = (
            LRUCache(MAX_KEPT_CHARS, lambda kept: kept.chars) if across_batches else None
        )

    async def grade(self, samples: Sequence[Sample], run: Run) -> list[Grade]:
        """Return one grade per sample, in order; `run` grades the samples that are new."""
        keys = [key_of(sample) for sample in samples]
        first: dict[Key, Sample] = {}
        for key, sample in zip(keys, samples, strict=True):
            first.setdefault(key, sample)
        known = self._recall(first)
        new = {key: sample for key, sample in first.items() if key not in known}
        if new:
            graded = dict(zip(new, await run(list(new.values())), strict=True))
            self._keep(new, graded)
            known |= graded
        return [known[key] for key in keys]

    def _recall(self, wanted: dict[Key, Sample]) -> dict[Key, Grade]:
        if self._kept is None:
            return {}
        found = ((key, self._kept.get(key)) for key in wanted)
        return {key: kept.grade for key, kept in found if kept is not None and kept.item()}

    def _keep(self, samples: dict[Key, Sample], grades: dict[Key, Grade]) -> None:
        if self._kept is None:
            return
        for key, grade in grades.items():
            texts = (samples[key].text, key.turns, grade.reason or "")
            chars = ENTRY_CHARS + sum(map(len, texts))
            if grade.error is None and chars <= MAX_ENTRY_CHARS:
                self._kept[key] = _Kept(weakref.ref(samples[key].item), grade, chars)


def key_of(sample: Sample) -> Key:
    """Return the sample's key."""
    completion = sample.completion
    turns = repr(completion.messages) if completion.messages else ""
    return Key(
        id(sample.item),
        completion.text,
        completion.num_tokens,
        completion.finish_reason,
        turns,
    )
