"""What a check is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self

from rft_core.grading.boundary import GraderCall
from rft_core.testing.adversarial.attack import Honest
from rft_core.testing.contract.laboratory import Laboratory
from rft_core.testing.contract.order import Order
from rft_core.testing.findings import Finding
from rft_core.types import Sample


@dataclass
class Probe:
    """A grader under the limits of `call`, and completions to try it with; a context manager.

    `samples` are completions that the grader should be able to grade, right and wrong ones;
    `honest` are right ones. Without any, made-up rows are tried. The bench process starts with the
    first check and ends with `close`, or with the probe.
    """

    call: GraderCall
    samples: Sequence[Sample] = ()
    honest: Sequence[Honest] = field(default=())

    @cached_property
    def order(self) -> Order:
        """What a bench is told about the grader."""
        right = [Sample(one.item, one.completion) for one in self.honest]
        return Order.of(self.call, [*self.samples, *right])

    @cached_property
    def laboratory(self) -> Laboratory:
        """Where the grader is watched."""
        return Laboratory(self.order)

    def close(self) -> None:
        """End the bench process; a further check would start another."""
        laboratory = self.__dict__.pop("laboratory", None)
        if laboratory is not None:
            laboratory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Check:
    """One property of graders: a name, what it is in words, and what looks for breaches of it.

    A "note" is worth knowing, and no breach of the contract.
    """

    name: str
    title: str
    run: Callable[[Probe], Iterable[Finding]]
    kind: Literal["violation", "note"] = "violation"
