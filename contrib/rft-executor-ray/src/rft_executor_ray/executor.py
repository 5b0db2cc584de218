"""The executor `ray`."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from rft_core.grading.boundary import GraderCall
from rft_core.grading.chunks import ChunkPool, ChunkWork
from rft_core.grading.executor import Executor
from rft_core.types import Grade, Sample
from rft_executor_ray import cluster
from rft_executor_ray.failures import (
    ActorDiedError,
    ActorLostError,
    ActorSetupError,
    CallFailedError,
)
from rft_executor_ray.host import GraderHost, Limits, Reply, make_setup
from rft_executor_ray.pieces import Batch, Piece
from rft_executor_ray.settings import read_settings

if TYPE_CHECKING:
    from rft_executor_ray.actors import Actor

SLACK_SECONDS: Final = 60.0
"""An actor keeps the deadlines of its samples. Only one that answers nothing at all for longer
than all of them together, and this, is given up."""
SLACK_PER_SAMPLE: Final = 10.0
"""A worker process that was killed at a deadline takes time to be replaced."""


class RayExecutor(Executor):
    """Actors on a Ray cluster, each of which holds the grader and runs it as a local run would.

    `concurrency` is the number of calls in flight in the whole cluster. There are as many actors,
    but no more than `RFT_RAY_ACTORS` or else the cluster's CPUs; calls are spread over them.
    """

    name: ClassVar[str] = "ray"

    def __init__(self, call: GraderCall) -> None:
        """Start the actors. Raises `UsageError` if there is no cluster, or nothing to send it."""
        super().__init__(call)
        settings = read_settings()
        cluster.join()
        try:
            setup = make_setup(f"grader {call.key!r}", (type(call.grader), call.grader.config))
        except BaseException:
            cluster.leave()
            raise
        from rft_executor_ray.actors import Actor

        calls = _calls_per_actor(call, settings.actors or cluster.cpus())
        limits = [Limits(call.key, call.distribution, call.timeout, n) for n in calls]
        self._actors = [Actor(GraderHost, settings, setup, each) for each in limits]
        self._closed = False

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Executor.run`."""
        batch = Batch(self.call, samples, len(self._actors))
        actors: Sequence[Actor] = self._actors
        problem = None
        while batch.waiting and actors:
            problems = await asyncio.gather(*(self._serve(actor, batch) for actor in actors))
            lost = [one for one in problems if one is not None]
            actors = [a for a, one in zip(actors, problems, strict=True) if one is None]
            problem = lost[0] if lost else problem
        if problem is not None:
            batch.fail_waiting(problem)
        return batch.grades()

    async def _serve(self, actor: Actor, batch: Batch) -> Grade | None:
        """Let an actor take pieces until none waits; return an error if it is of no use."""
        while batch.waiting:
            try:
                await actor.ready()
            except ActorLostError as error:
                return self.call.error("crash", str(error))
            except ActorSetupError as error:
                return self.call.error("exception", f"the worker did not start: {error}")
            while batch.waiting:
                if not await self._grade(actor, batch, batch.waiting.popleft()):
                    break
        return None

    async def _grade(self, actor: Actor, batch: Batch, piece: Piece) -> bool:
        """Grade a piece; return whether the actor is still there."""
        samples = batch.samples_of(piece)
        try:
            pickled = pickle.dumps(samples)
        except Exception as error:  # noqa: BLE001 - fields of items may be anything
            message = f"cannot be sent to a worker: {error}"
            batch.take_apart(piece, self.call.error("exception", message))
            return True
        try:
            reply: Reply = await actor.ask(self._seconds(len(samples)), "grade", pickled)
        except CallFailedError as error:
            batch.set_all(piece, self.call.error("exception", str(error), error.trace))
            return True
        except ActorDiedError as error:
            batch.try_again(piece, self.call.error("crash", f"worker died: {error}"))
            return False
        except TimeoutError:
            actor.restart()
            batch.try_again(piece, self.call.timed_out())
            return False
        batch.set(piece, pickle.loads(reply.grades))  # noqa: S301 - from our own actor
        for seconds in reply.seconds:
            self.latencies.add(seconds)
        return True

    def _seconds(self, samples: int) -> float | None:
        seconds = self.call.seconds_for(samples)
        return None if seconds is None else seconds + SLACK_PER_SAMPLE * samples + SLACK_SECONDS

    def close(self) -> None:
        """End the actors, and the cluster if it was started for them."""
        from rft_executor_ray.actors import stop

        if self._closed:
            return
        self._closed = True
        try:
            stop(self._actors)
        finally:
            cluster.leave()

    @classmethod
    def chunk_pool(cls, work: ChunkWork, workers: int) -> ChunkPool:
        """Return `workers` actors for the chunks of a file. Raises `UsageError`."""
        settings = read_settings()
        cluster.join()
        from rft_executor_ray.chunk_pool import RayChunkPool

        try:
            return RayChunkPool(work, workers, settings)
        except BaseException:
            cluster.leave()
            raise


def _calls_per_actor(call: GraderCall, most: int) -> list[int]:
    """Spread the calls in flight over the actors.

    A batch grader has one call per actor: so its pieces are not cut again there.
    """
    if call.grader.whole_batches:
        return [call.concurrency]
    actors = min(call.concurrency, most)
    if call.grader.is_batched():
        return [1] * actors
    base, more = divmod(call.concurrency, actors)
    return [base + (index < more) for index in range(actors)]
