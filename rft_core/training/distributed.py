"""Several processes as one run: one of them grades and writes, and what fails on one ends all."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, Self, TypeVar

import torch.distributed as dist

from rft_core.errors import (
    ErrorRateExceededError,
    GradingAbortedError,
    RFTError,
    RunError,
    RunStopError,
    UsageError,
)

T = TypeVar("T")
R = TypeVar("R")

PATIENCE: Final = timedelta(days=1)
"""How long processes wait for one another here: grading on one of them may take its time."""


class Processes:
    """The processes that train one policy together, as one of them sees them.

    All of them must make the same calls in the same order. A call returns or raises on all of
    them: what a function raises on one process is raised on every other one as well, as the same
    error of ours or as a `RunError`, so that none waits for one that has given up.
    """

    def __init__(self, rank: int, count: int, group: Any = None) -> None:
        self.rank = rank
        self.count = count
        self._group = group

    @classmethod
    def launched(cls) -> Self:
        """Return those that a launcher started; this one alone if there is no process group."""
        if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
            return cls(0, 1)
        # A group of our own: NCCL's timeout would count while the main process grades, and gloo
        # notices at once when a process is gone.
        group = dist.new_group(backend="gloo", timeout=PATIENCE)
        return cls(dist.get_rank(), dist.get_world_size(), group)

    @property
    def is_main(self) -> bool:
        """Whether this is the process that grades, writes and reports."""
        return self.rank == 0

    def each(self, function: Callable[[], T]) -> list[T]:
        """Call `function` on every process; return all results, in order of ranks."""
        if self.count == 1:
            return [function()]
        mine: T | _Failure
        own: BaseException | None = None
        try:
            mine = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the others must hear of it
            own, mine = error, _Failure.of(error, self.rank)
        outcomes = self._exchange(mine)
        for outcome in outcomes:
            if isinstance(outcome, _Failure):
                if own is not None and self.is_main:
                    raise own
                raise outcome.kind(outcome.text) from own
        return outcomes

    def main(self, function: Callable[[], T]) -> T:
        """Call `function` on the main process; return its result on all."""
        results = self.each(function if self.is_main else _nothing)
        result: T = results[0]  # type: ignore[assignment]
        return result

    def together(self, function: Callable[[], T]) -> T:
        """Call `function` on every process; return its own result to each."""
        kept: list[T] = []
        self.each(lambda: kept.append(function()))
        return kept[0]

    def meet(self) -> None:
        """Wait until all processes are here."""
        self.each(_nothing)

    def share(self, things: Sequence[T]) -> Sequence[T]:
        """Return this process's part; the parts in order of ranks make up the whole."""
        start, stop = (len(things) * rank // self.count for rank in (self.rank, self.rank + 1))
        return things[start:stop]

    def end(self) -> None:
        """Take leave of one another, at the end of a run that went well."""
        if self.count > 1:
            self.meet()
            dist.destroy_process_group()

    def _exchange(self, mine: Any) -> list[Any]:
        """Return everyone's value. Raises `RunError` if a process is gone."""
        everyones: list[Any] = [None] * self.count
        try:
            dist.all_gather_object(everyones, mine, group=self._group)
        except RuntimeError as error:
            raise RunError(f"another process of the run ended: {error}") from error
        return everyones


ALONE: Final = Processes(0, 1)


class OnMain(Generic[T]):
    """Something that only the main process has."""

    def __init__(self, processes: Processes, thing: T | None) -> None:
        self._processes = processes
        self._thing = thing

    def then(self, make: Callable[[T], R]) -> OnMain[R]:
        """Return what `make` makes of it there."""
        return OnMain(self._processes, None if self._thing is None else make(self._thing))

    def use(self, function: Callable[[T], R]) -> R:
        """Call `function` with it on the main process; return the result on all."""
        thing = self._thing
        results = self._processes.each(_nothing if thing is None else lambda: function(thing))
        result: R = results[0]  # type: ignore[assignment]
        return result


_OWN: Final[tuple[type[BaseException], ...]] = (
    UsageError,
    RunStopError,
    GradingAbortedError,
    ErrorRateExceededError,
    KeyboardInterrupt,
)
"""What keeps its class on its way to other processes; everything else arrives as `RunError`."""


@dataclass(frozen=True)
class _Failure:
    """An exception as it travels: other people's exceptions need not survive pickling."""

    kind: type[BaseException]
    text: str

    @classmethod
    def of(cls, error: BaseException, rank: int) -> Self:
        """Return how an exception of a process is told to the others."""
        kind = next((kind for kind in _OWN if isinstance(error, kind)), RunError)
        known = isinstance(error, RFTError | KeyboardInterrupt)
        text = str(error) if known else "".join(traceback.format_exception(error))
        return cls(kind, f"process {rank}: {text}" if rank else text)


def _nothing() -> None:
    """Do nothing, so that only others do something."""
