"""What the parts of a comparison share: policy, steps, and the comparison of elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from rft_grader_math.comparing.numeric import Steps
from rft_grader_math.comparing.points import NeedsAlgebra
from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import Node
from rft_grader_math.policy import Policy


class Algebra(Protocol):
    """What decides where evaluation does not; lives in the worker."""

    def equal(self, gold: Node, answer: Node) -> bool:
        """Whether two expressions are equal."""

    def same_solutions(self, gold: Node, answer: Node) -> bool:
        """Whether two sets of numbers, given by intervals or inequalities, are equal."""


class Contradiction(UnreadableError):  # noqa: N818 - a finding about an answer
    """A chain such as `7 = 42`, whose members are not equal."""


class Base(ABC):
    """One comparison under a policy; counts its steps.

    Without `algebra`, raises `NeedsAlgebra` where evaluation does not decide.
    """

    def __init__(self, policy: Policy, algebra: Algebra | None = None) -> None:
        self._policy = policy
        self._algebra = algebra
        self._steps = Steps()
        self._depth = 0
        self.tier = "structure"

    @abstractmethod
    def same(self, gold: Node, answer: Node) -> bool:
        """Whether an answer, or a part of it, is the gold's."""

    def _same_items(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        if len(first) != len(second):
            return False
        self._depth += 1
        try:
            return all(self.same(a, b) for a, b in zip(first, second, strict=True))
        finally:
            self._depth -= 1

    def _matches(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        """Whether elements can be paired, in any order."""
        left = list(second)
        self._depth += 1
        try:
            for item in first:
                index = self._find(item, left)
                if index is None:
                    return False
                del left[index]
        finally:
            self._depth -= 1
        return True

    def _find(self, item: Node, among: Sequence[Node]) -> int | None:
        for index, other in enumerate(among):
            self._steps.take()
            if item == other:
                return index
        return next((i for i, other in enumerate(among) if self.same(item, other)), None)

    def _solutions(self, gold: Node, answer: Node) -> bool:
        if self._algebra is None:
            raise NeedsAlgebra
        self.tier = "symbolic"
        return self._algebra.same_solutions(gold, answer)
