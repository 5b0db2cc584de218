"""Runs graders that may hang or crash in processes that can be killed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import ClassVar, Final

from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.chunks import ChunkPool, ChunkWork
from rft_core.grading.executor import PieceExecutor
from rft_core.grading.poisoned import PoisonedSamples
from rft_core.grading.process_pool import ProcessPool
from rft_core.grading.worker import WorkerSetup, is_memory_error
from rft_core.grading.worker_process import WorkerDiedError, WorkerStartError
from rft_core.grading.workers import Workers
from rft_core.types import ErrorKind, Grade, Sample

PIECE_SIZE: Final = 8
"""A batch grader gets so many samples at once: few enough to repeat when one takes them down."""


class ProcessExecutor(PieceExecutor):
    """`concurrency` worker processes, kept warm; one that passes its deadline is killed.

    The grader is built anew in each worker from its class and its config. Pieces of a batch that
    fail are graded one by one, so that only the sample that causes it is an error.
    """

    name: ClassVar[str] = "process"

    @classmethod
    def chunk_pool(cls, work: ChunkWork, workers: int) -> ChunkPool:
        """See `Executor.chunk_pool`."""
        return ProcessPool(work, workers)

    def __init__(self, call: GraderCall) -> None:
        super().__init__(call)
        self._poisoned = PoisonedSamples()
        self._workers = Workers(_setup(call), call.key, call.concurrency)

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Executor.run`."""
        self._workers.forgive()
        return await super().run(samples)

    def piece_size(self, total: int) -> int:
        """Return a share of the batch, but no more than is cheap to repeat."""
        share = super().piece_size(total)
        return share if self.call.grader.whole_batches else min(share, PIECE_SIZE)

    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade a piece together; what fails is graded again, each sample on its own."""
        if len(samples) == 1 or self.call.grader.whole_batches:
            return await self._once_or_twice(samples)
        together = await self._execute(samples)
        return [await self._own(s, grade) for s, grade in zip(samples, together, strict=True)]

    async def _own(self, sample: Sample, grade: Grade) -> Grade:
        """Return the sample's own grade, where the piece's other samples may have spoilt it."""
        out_of_memory = is_memory_error(grade)
        if out_of_memory or _kind(grade) in {"crash", "timeout"}:
            (grade,) = await self._once_or_twice([sample], fresh=out_of_memory)
        return grade

    async def _once_or_twice(
        self, samples: Sequence[Sample], *, fresh: bool = False
    ) -> list[Grade]:
        """Grade samples, again in a fresh worker if the first one may have been at fault.

        A worker that was killed from outside, or that earlier samples left with little memory, is
        no fault of these samples.
        """
        grades = await self._execute(samples, fresh=fresh)
        if fresh or not any(_kind(one) == "crash" or is_memory_error(one) for one in grades):
            return grades
        return await self._execute(samples, fresh=True)

    async def _execute(self, samples: Sequence[Sample], *, fresh: bool = False) -> list[Grade]:
        """Grade samples together in a worker, but for those that have failed there too often."""
        refused = {i: grade for i, one in enumerate(samples) if (grade := self._refusal(one))}
        if not refused:
            return await self._in_worker(samples, fresh=fresh)
        others = [sample for i, sample in enumerate(samples) if i not in refused]
        grades = iter(await self._in_worker(others, fresh=fresh) if others else ())
        return [refused[i] if i in refused else next(grades) for i in range(len(samples))]

    def _refusal(self, sample: Sample) -> Grade | None:
        """Return the error of a sample that is not to be executed any more."""
        error = self._poisoned.error_of(sample)
        if error is None:
            return None
        note = "this sample did so before and is not graded again"
        return self.call.error(error.kind, f"{error.message}; {note}")

    async def _in_worker(self, samples: Sequence[Sample], *, fresh: bool) -> list[Grade]:
        """Grade samples together; failures of the worker are everyone's."""
        seconds = self._deadline(len(samples))
        try:
            pickled = pickle.dumps(samples)
            async with self._workers.borrow(fresh=fresh) as worker:
                reply = await worker.grade(pickled, seconds)
        except TimeoutError:
            self.latencies.add(seconds or 0.0)
            return self._struck(samples, self.call.timed_out())
        except WorkerDiedError as error:
            return self._struck(samples, self.call.error("crash", f"worker died: {error}"))
        except WorkerStartError as error:
            return [self.call.error("exception", str(error))] * len(samples)
        except Exception as error:  # noqa: BLE001 - samples and grades run code when (un)pickled
            return [self.call.error("exception", f"{type(error).__name__}: {error}")] * len(samples)
        self.latencies.add(reply.seconds)
        for sample in samples:
            self._poisoned.clear(sample)
        return reply.grades

    def _struck(self, samples: Sequence[Sample], grade: Grade) -> list[Grade]:
        """Return everyone's error; remember the samples, unless they are together by necessity."""
        if grade.error is not None and not self.call.grader.whole_batches:
            self._poisoned.strike(samples, grade.error)
        return [grade] * len(samples)

    def _deadline(self, samples: int) -> float | None:
        """Return the seconds that a call may take: as many as one sample, so hangs are seen soon.

        If the samples are merely slow together, each still has its own deadline afterwards.
        """
        return self.call.seconds_for(samples if self.call.grader.whole_batches else 1)

    def close(self) -> None:
        """Kill the workers."""
        self._workers.close()


def _kind(grade: Grade) -> ErrorKind | None:
    return grade.error.kind if grade.error else None


def _setup(call: GraderCall) -> WorkerSetup:
    grader = call.grader
    try:
        pickled = pickle.dumps((type(grader), grader.config))
    except Exception as error:
        raise UsageError(
            f"grader {grader.name!r} cannot be sent to a worker process: {error}",
            where=call.key,
            hint="Define its class at the top level of a module that can be imported.",
        ) from error
    limit = call.memory_limit or grader.memory_limit
    return WorkerSetup(pickled, call.key, call.distribution, limit, dict(os.environ))
