"""Actors from the driver's side: made, asked, restarted and ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import ray
from ray import exceptions

from rft_executor_ray.failures import (
    ActorDiedError,
    ActorLostError,
    ActorSetupError,
    CallFailedError,
)
from rft_executor_ray.host import Host
from rft_executor_ray.settings import Settings

BEHAVIOUR: Final[Mapping[str, Any]] = {
    "max_restarts": -1,  # Ray restarts an actor that died, on another node if it has to
    "max_task_retries": 0,  # what is to be tried again is decided here
    "scheduling_strategy": "SPREAD",
}
SECONDS_BETWEEN_TRIES: Final = 0.2
"""While an actor restarts, Ray refuses calls, at once or after a second."""
SECONDS_TO_CLOSE: Final = 5.0
"""So long may graders take to close; then their process is killed."""


class Actor:
    """One actor. Ray restarts it when it dies, and it is made anew where Ray does not."""

    def __init__(self, host: type[Host], settings: Settings, *args: Any) -> None:
        options = {**BEHAVIOUR, **settings.actor_options}
        self._make = partial(ray.remote(**options)(host).remote, *args)
        self._start_seconds = settings.start_seconds
        self.handle: Any = self._make()

    async def ready(self) -> None:
        """Wait until the actor has started. Raises `ActorLostError` and `ActorSetupError`."""
        deadline = time.monotonic() + self._start_seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                problem = await self._answer(self.send("ready"), left)
            except exceptions.ActorDiedError:
                self.handle = self._make()
            except exceptions.ActorUnavailableError:
                pass
            except TimeoutError:
                break
            except exceptions.RayError as error:
                raise ActorLostError(_cause(error)) from None
            else:
                if problem is None:
                    return
                raise ActorSetupError(problem)
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        raise ActorLostError(f"no Ray worker has started within {self._start_seconds:g} s")

    async def ask(self, seconds: float | None, method: str, *args: Any) -> Any:
        """Call a method of the host.

        Raises `ActorDiedError`, `CallFailedError`, and `TimeoutError` after so many seconds.
        """
        try:
            return await self._answer(self.send(method, *args), seconds)
        except exceptions.RayTaskError as error:
            message = f"{type(error.cause).__name__}: {error.cause}"
            raise CallFailedError(message, error.traceback_str) from None
        except exceptions.RayError as error:
            raise ActorDiedError(_cause(error)) from None

    async def _answer(self, reference: Any, seconds: float | None) -> Any:
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(reference.future())

    def send(self, method: str, *args: Any) -> Any:
        """Call a method of the host; return the reference to its result."""
        return getattr(self.handle, method).remote(*args)

    def restart(self) -> None:
        """Kill the process that does not answer; Ray starts another one."""
        ray.kill(self.handle, no_restart=False)


def stop(actors: Sequence[Actor]) -> None:
    """Let the actors close what they hold, for some seconds, and kill them."""
    closing = [actor.send("close") for actor in actors]
    if closing:
        ray.wait(closing, num_returns=len(closing), timeout=SECONDS_TO_CLOSE)
    for actor in actors:
        ray.kill(actor.handle)


def _cause(error: exceptions.RayError) -> str:
    """Return what Ray says, without its addresses and identifiers."""
    if isinstance(error, exceptions.ActorUnavailableError):
        return "its process ended, or its node is lost"
    lines = [line for line in str(error).splitlines() if line and not line.startswith("\t")]
    if not lines:
        return type(error).__name__
    return lines[-1] if isinstance(error, exceptions.ActorDiedError) else lines[0]
