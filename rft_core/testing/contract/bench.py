"""Where a grader is tried: made anew, called as a run calls it, and what it earned remembered."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall, ainvoke, invoke
from rft_core.grading.runner import GradingLoop
from rft_core.testing.contract.materials import companions, made_up_items, made_up_texts
from rft_core.testing.contract.order import Order
from rft_core.types import Grade, Item, Sample

T = TypeVar("T")

SECONDS: Final = 20.0
"""A call may take so long before the bench counts as hanging."""
FIRST_CALL_SECONDS: Final = 120.0
"""The first calls may load what they need."""
PAID_SECONDS: Final = 180.0
BUDGET_SECONDS: Final = 8.0
"""A check stops sending after so long; what matters most is sent first."""
FIRST_SECONDS: Final = 3.0
"""The samples that all checks repeat take no longer than this together."""
MAX_ITEMS: Final = 2
"""So many items are tried with all odd completions."""


class Tell(Protocol):
    """Says what is done now, how long it may take, and whether it may take the process down."""

    def __call__(self, what: str, seconds: float, *, may_be_lost: bool = False) -> None:
        """Say so."""


def tell_nobody(what: str, seconds: float, *, may_be_lost: bool = False) -> None:
    """Say nothing: nobody watches."""


class Bench:
    """A grader, samples, and what they earned when they were first graded, each alone.

    Graders with `whole_batches` get the samples in one batch wherever others get them alone.
    """

    def __init__(self, order: Order, tell: Tell = tell_nobody) -> None:
        self.order = order
        self.tell = tell
        self.cls = order.cls
        self._loop: GradingLoop | None = None
        self.tell("building the grader from its class and config", SECONDS)
        self.grader = self.new_grader()
        self.low, self.high = self.grader.score_range
        self._untouched = {id(one.item): copy.deepcopy(one.item) for one in order.samples}
        self.is_given = bool(order.samples)
        """Whether the samples are from the author, not made up."""

    @property
    def is_paid(self) -> bool:
        """Whether samples cost money: few are sent."""
        return self.grader.paid

    @property
    def is_opinionated(self) -> bool:
        """Whether equal samples may get different grades: judges, and no promise to be stable."""
        promises = self.grader.pure or self.grader.deterministic
        return (self.grader.family == "judge" or self.is_paid) and not promises

    @property
    def is_isolated(self) -> bool:
        """Whether the grader runs in processes that can be killed."""
        return self.grader.isolation == "process"

    def new_grader(self) -> Grader[Any]:
        """Return another instance, built as a worker process builds it."""
        grader: Grader[Any] = self.cls(self.order.config)
        return grader.without_memory()

    # Samples

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples that are graded: those given and companions of theirs, or made-up ones."""
        if self.order.samples:
            given = list(self.order.samples)
            return given if self.is_paid else [*given, *companions(given)]
        for item in made_up_items(self.grader):
            samples = [Sample(item, text) for text in made_up_texts(item)]
            if any(grade.outcome == "graded" for grade in self.each(samples[:2])):
                return samples
        return []

    @cached_property
    def first(self) -> list[Grade]:
        """What the samples earned, when they were graded first.

        Where grading is slow, those that were not reached are left out of all that follows.
        """
        if self.grader.whole_batches:
            return self.each(self.samples)
        grades: list[Grade] = []
        for sample in self.within_budget(self.samples, FIRST_SECONDS):
            grades += self.each([sample])
        del self.samples[max(len(grades), 1) :]
        return grades

    def first_grades(self) -> list[Grade]:
        """Return what the samples earned, when they were graded first."""
        return self.first

    def grades_backwards(self) -> list[Grade]:
        """Return what the samples earn if they are graded first in reverse order."""
        if self.grader.whole_batches:
            return self.first
        return self.each(self.samples[::-1])[::-1]

    @cached_property
    def graded(self) -> list[tuple[Sample, Grade]]:
        """The samples that got a score."""
        pairs = zip(self.samples, self.first, strict=True)
        return [(sample, grade) for sample, grade in pairs if grade.score is not None]

    @cached_property
    def best(self) -> list[Sample]:
        """The best sample of each item, of those that earn more than the lowest score."""
        found: dict[int, tuple[float, Sample]] = {}
        for sample, grade in self.graded:
            score = grade.score or 0.0
            if score > self.low and score > found.get(id(sample.item), (self.low, sample))[0]:
                found[id(sample.item)] = (score, sample)
        return [sample for _, sample in found.values()]

    @cached_property
    def typical(self) -> list[Sample]:
        """One sample of each of a few items, the best where one earns something."""
        chosen = {id(sample.item): sample for sample, _ in reversed(self.graded)}
        chosen |= {id(sample.item): sample for sample in self.best}
        right_first = sorted(chosen.values(), key=lambda sample: sample not in self.best)
        return right_first[: 1 if self.is_paid else MAX_ITEMS]

    @property
    def items(self) -> list[Item]:
        """The different items of all samples."""
        return list({id(sample.item): sample.item for sample in self.samples}.values())

    def untouched(self, item: Item) -> Item:
        """Return a copy of an item as it was before anything was graded."""
        return copy.deepcopy(self._untouched.get(id(item), item))

    # Grading

    def call_for(self, grader: Grader[Any]) -> GraderCall:
        """Return a call of an instance."""
        return self.order.call_for(grader)

    @property
    def loop(self) -> GradingLoop:
        """The event loop of async graders."""
        if self._loop is None:
            self._loop = GradingLoop()
        return self._loop

    def together(self, samples: Sequence[Sample], grader: Grader[Any] | None = None) -> list[Grade]:
        """Grade samples in one call, or one after the other if the grader knows no batches."""
        grader = grader or self.grader
        self.say(samples)
        return self.quietly(samples, grader)

    def quietly(self, samples: Sequence[Sample], grader: Grader[Any]) -> list[Grade]:
        """Grade samples in one call without saying so."""
        call = self.call_for(grader)
        if not grader.is_async():
            return invoke(call, samples)
        return self.loop.call(_awaited(call, samples))

    def each(self, samples: Sequence[Sample], grader: Grader[Any] | None = None) -> list[Grade]:
        """Grade each sample alone."""
        if self.grader.whole_batches:
            return self.together(samples, grader) if samples else []
        return [grade for sample in samples for grade in self.together([sample], grader)]

    def alone(self, sample: Sample, grader: Grader[Any] | None = None) -> Grade:
        """Grade one sample, among others where the grader compares them."""
        others = self.order.samples[:3] if self.grader.whole_batches else ()
        return self.together([*others, sample], grader)[-1]

    def say(self, samples: Sequence[Sample]) -> None:
        """Say that samples are sent."""
        what = shown(samples[0]) if len(samples) == 1 else f"a batch of {len(samples)} samples"
        self.tell(what, self.seconds(), may_be_lost=False)

    def seconds(self) -> float:
        """Return the seconds after which a call counts as hanging."""
        if "first" not in self.__dict__:
            return FIRST_CALL_SECONDS
        return PAID_SECONDS if self.is_paid else SECONDS

    def within_budget(self, things: Iterable[T], seconds: float = BUDGET_SECONDS) -> Iterator[T]:
        """Yield things until the time is spent."""
        end = time.monotonic() + seconds
        for thing in things:
            yield thing
            if time.monotonic() > end:
                return

    def close(self) -> None:
        """Stop the event loop and let the grader release what it holds."""
        self.grader.close()
        if self._loop is not None:
            self._loop.close()


async def _awaited(call: GraderCall, samples: Sequence[Sample]) -> list[Grade]:
    # A task of its own, as in a run: a grader may look at, or cancel, the one that it is in.
    if call.grader.is_batched():
        return await asyncio.create_task(ainvoke(call, samples))
    return [
        grade for sample in samples for grade in await asyncio.create_task(ainvoke(call, [sample]))
    ]


def shown(sample: Sample) -> str:
    """Return a sample in few words."""
    return f"completion {short(sample.text)} of item {sample.item.id!r}"


def short(text: object, room: int = 100) -> str:
    """Return a value's `repr`, its middle left out where it is long."""
    if isinstance(text, str) and len(text) > room:
        return f"{text[: room // 2]!r}…{text[-room // 4 :]!r} ({len(text)} characters)"
    written = repr(text)
    return written if len(written) <= room else f"{written[: room - 20]}…{written[-15:]}"


def told(grade: Grade) -> str:
    """Return a grade in few words."""
    if grade.error is not None:
        return f"error {grade.error.kind}: {short(grade.error.message, 200)}"
    if grade.score is None:
        return f"not applicable{f' ({short(grade.reason)})' if grade.reason else ''}"
    return f"{grade.score:g}{f' ({short(grade.reason)})' if grade.reason else ''}"


def same(one: Grade, other: Grade) -> bool:
    """Whether two grades say the same of a completion."""
    if one.outcome != other.outcome:
        return False
    if one.score is None or other.score is None:
        return True
    return abs(one.score - other.score) <= 1e-9 * max(1.0, abs(one.score))
