"""Grades the chunks of a file on actors."""

from __future__ import annotations

import asyncio
import pickle
from collections import Counter, deque
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import ray
from ray.exceptions import RayError

from rft_core.errors import RunError, UsageError
from rft_core.grading.chunks import Chunk, ChunkPool, ChunkWork, Result
from rft_core.grading.runner import GradingLoop
from rft_executor_ray import cluster
from rft_executor_ray.actors import Actor, stop
from rft_executor_ray.failures import ActorError
from rft_executor_ray.host import ChunkHost, make_setup, unpickled
from rft_executor_ray.settings import Settings

T = TypeVar("T")

IN_FLIGHT: Final = 2
"""Chunks per actor that are graded or wait there, so that no actor waits for the driver."""
KEPT: Final = 4
"""Chunks per actor that are under way or wait for an earlier one to be given out."""


@dataclass(slots=True)
class _Sent:
    """A chunk on its way."""

    chunk: Chunk
    actor: Actor
    reference: Any
    is_done: bool = False


class RayChunkPool(ChunkPool):
    """`workers` actors, each with the opened work."""

    def __init__(self, work: ChunkWork, workers: int, settings: Settings) -> None:
        """Start the actors. Raises `UsageError` if they do not start."""
        setup = make_setup("the work on the file", work)
        self._actors = [Actor(ChunkHost, settings, setup) for _ in range(workers)]
        try:
            _call(_all_ready(self._actors))
        except BaseException:
            stop(self._actors)
            raise

    def map(self, chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `ChunkPool.map`. A chunk's text says in messages what it holds."""
        rest = iter(chunks)
        sent: deque[_Sent] = deque()
        while True:
            self._send_more(rest, sent)
            if not sent:
                return
            if sent[0].is_done:
                yield self._result(sent.popleft())
            else:
                _wait(sent)

    def _send_more(self, rest: Iterator[Chunk], sent: deque[_Sent]) -> None:
        """Send chunks until the actors have enough to do."""
        while len(sent) < KEPT * len(self._actors):
            loads = Counter(id(one.actor) for one in sent if not one.is_done)
            actor = min(self._actors, key=lambda each: loads[id(each)])
            if loads[id(actor)] >= IN_FLIGHT:
                return
            for chunk in rest:
                sent.append(_Sent(chunk, actor, actor.send("apply", pickle.dumps(chunk))))
                break
            else:
                return

    def _result(self, one: _Sent) -> Result:
        try:
            done, data = ray.get(one.reference)
        except RayError:
            done, data = _second_try(one)
        value = unpickled(data)
        if not done:
            raise value
        return value

    def close(self) -> None:
        """End the actors, and the cluster if it was started for them."""
        actors, self._actors = self._actors, []
        if not actors:
            return
        try:
            stop(actors)
        finally:
            cluster.leave()


async def _all_ready(actors: Sequence[Actor]) -> None:
    try:
        await asyncio.gather(*(actor.ready() for actor in actors))
    except ActorError as error:
        raise UsageError(
            f"of {len(actors)} Ray workers not all can start: {error}",
            hint="`ray status` shows what the cluster has and what is asked of it.",
        ) from None


def _wait(sent: Iterable[_Sent]) -> None:
    """Wait until something is done; note what is."""
    under_way = [one for one in sent if not one.is_done]
    references = [one.reference for one in under_way]
    ray.wait(references, num_returns=1)
    done, _ = ray.wait(references, num_returns=len(references), timeout=0)
    finished = set(done)
    for one in under_way:
        one.is_done = one.reference in finished


def _second_try(one: _Sent) -> tuple[bool, bytes]:
    """Send a chunk whose actor died once more, when the actor is there again."""
    try:
        return _call(_apply(one))
    except ActorError as error:
        raise RunError(
            f"a Ray worker died twice on {one.chunk}: {error}\n"
            '  A grader crashes, or memory ran out. A grader with isolation = "process" has'
            " processes of its own, and what kills one is an error of that sample alone."
        ) from None


async def _apply(one: _Sent) -> tuple[bool, bytes]:
    await one.actor.ready()
    done, data = await one.actor.ask(None, "apply", pickle.dumps(one.chunk))
    return done, data


def _call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, also where an event loop runs."""
    with GradingLoop() as loop:
        return loop.call(coroutine)
