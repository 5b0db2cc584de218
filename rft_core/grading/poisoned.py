"""Samples that took workers down: a run executes each of them twice and no more."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from rft_core.types import GradeError, Item, Sample

MAX_STRIKES: Final = 2
"""After so many executions that ended badly, a sample is not executed again."""
MAX_KEPT: Final = 10_000
"""So many samples are remembered, the latest ones."""

_Key: TypeAlias = tuple[int, bytes]


@dataclass(slots=True)
class _Record:
    item: Item
    """Held so that its id is not given to another item."""
    strikes: int
    error: GradeError


class PoisonedSamples:
    """A bounded record of samples whose worker died or passed its deadline.

    Samples of one item object with the same text and messages are the same: GRPO repeats samples
    within a step and over steps. Memory holds a digest of a completion and not its text.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._records: OrderedDict[_Key, _Record] = OrderedDict()

    def strike(self, samples: Sequence[Sample], error: GradeError) -> None:
        """Note that an execution of the samples, alone or together, ended with `error`."""
        for sample in samples:
            self._strike(_key(sample), sample.item, error)

    def _strike(self, key: _Key, item: Item, error: GradeError) -> None:
        known = self._records.pop(key, None)
        self._records[key] = _Record(item, known.strikes + 1 if known else 1, error)
        if len(self._records) > self._max_kept:
            self._records.popitem(last=False)

    def clear(self, sample: Sample) -> None:
        """Forget a sample that was graded after all: another one took the worker down."""
        if self._records:
            self._records.pop(_key(sample), None)

    def error_of(self, sample: Sample) -> GradeError | None:
        """Return how the last execution ended if there is to be no further one."""
        if not self._records:  # nearly always
            return None
        record = self._records.get(_key(sample))
        return record.error if record is not None and record.strikes >= MAX_STRIKES else None

    def __len__(self) -> int:
        return len(self._records)


def _key(sample: Sample) -> _Key:
    digest = hashlib.blake2b(sample.text.encode("utf-8", "surrogatepass"), digest_size=16)
    if sample.completion.messages:
        digest.update(repr(sample.completion.messages).encode("utf-8", "surrogatepass"))
    return id(sample.item), digest.digest()
