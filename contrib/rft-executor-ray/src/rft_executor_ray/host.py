"""What runs in Ray's workers: a grader, or the work on chunks of a file.

Hosts are made without doing anything. What can fail happens in `ready`, where it becomes a text,
or in the first call. Data goes in and out pickled: Ray passes bytes on as they are, and what cannot
be pickled is found here, where it can be told whose it is.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any, Final

from rft_core.errors import RunError, UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.chunks import Chunk, ChunkWork, Result
from rft_core.grading.runner import GradingLoop
from rft_core.hookspecs import PROJECT_NAME
from rft_core.types import Grade, Sample

_CORE: Final = "rft-core"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a host is told when it is made.

    `payload` is pickled; its modules may lie in `path`, the driver's `sys.path`. `versions` holds
    the distributions that grades depend on, as the driver has them.
    """

    payload: bytes
    path: Sequence[str]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a `GraderCall` is besides its grader."""

    key: str
    distribution: str
    timeout: float | None
    concurrency: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The pickled grades of a piece, and how many seconds each call took."""

    grades: bytes
    seconds: Sequence[float]


def make_setup(what: str, parts: object) -> Setup:
    """Return a setup with what is so in this process. Raises `UsageError` where it cannot be sent.

    Classes that cannot be imported, such as those of a script, go by value.
    """
    dumps: Callable[[object], bytes] = import_module("ray.cloudpickle").dumps
    try:
        payload = dumps(parts)
    except Exception as error:
        raise UsageError(
            f"{what} cannot be sent to Ray: {type(error).__name__}: {error}",
            hint="Classes and configs have to pickle.",
        ) from error
    return Setup(payload, tuple(sys.path), _versions())


@cache
def _versions() -> Mapping[str, str]:
    points = entry_points(group=PROJECT_NAME)
    plugins = {point.dist.name: point.dist.version for point in points if point.dist}
    return {_CORE: version(_CORE)} | plugins


class Host(ABC):
    """The base of what an actor is."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._opened = ExitStack()
        self._is_prepared = False

    def ready(self) -> str | None:
        """Prepare for work; return what is wrong, or None."""
        try:
            self.prepare()
        except Exception as error:  # noqa: BLE001 - other people's imports and constructors
            return str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
        return None

    def prepare(self) -> None:
        """Do once what `ready` does; again only where Ray restarted the actor since."""
        if self._is_prepared:
            return
        _refuse_other_versions(self._setup.versions)
        sys.path.extend(entry for entry in self._setup.path if entry not in sys.path)
        self.open(pickle.loads(self._setup.payload))  # noqa: S301 - from the driver
        self._is_prepared = True

    @abstractmethod
    def open(self, payload: Any) -> None:
        """Prepare for work on what was sent."""

    def close(self) -> None:
        """Release what was opened."""
        self._opened.close()


def _refuse_other_versions(expected: Mapping[str, str]) -> None:
    """Raise where a distribution may grade otherwise here; a missing one fails by itself."""
    for name, wanted in expected.items():
        with suppress(PackageNotFoundError):
            if (found := version(name)) != wanted:
                raise RunError(f"the node has {name} {found}, and the run has {wanted}")


class GraderHost(Host):
    """Holds a grader and runs it as the process of the run would."""

    def __init__(self, setup: Setup, limits: Limits) -> None:
        super().__init__(setup)
        self._limits = limits

    def open(self, payload: Any) -> None:
        """Build the grader and put it on the executor that suits it."""
        grader, config = payload
        limits = self._limits
        self._call = GraderCall(
            limits.key, grader(config), limits.distribution, limits.timeout, limits.concurrency
        )
        self._loop = self._opened.enter_context(GradingLoop())
        runner = make_runner(self._call)
        self._opened.callback(runner.close)
        self._executor = runner.executor  # equal samples are found in the process of the run

    def grade(self, pickled: bytes) -> Reply:
        """Grade pickled samples."""
        self.prepare()
        samples: list[Sample] = pickle.loads(pickled)  # noqa: S301 - from the driver
        grades = self._loop.call(self._executor.run(samples))
        return Reply(_pickled(grades, self._call), self._executor.latencies.drain())


def _pickled(grades: list[Grade], call: GraderCall) -> bytes:
    try:
        return pickle.dumps(grades)
    except Exception:  # noqa: BLE001 - a reason may be anything
        return pickle.dumps([_picklable(grade, call) for grade in grades])


def _picklable(grade: Grade, call: GraderCall) -> Grade:
    try:
        pickle.dumps(grade)
    except Exception as error:  # noqa: BLE001 - pickling runs other people's code
        return call.error("exception", f"the grade cannot be sent back: {error}")
    return grade


class ChunkHost(Host):
    """Opens the work on chunks once and applies it."""

    def open(self, payload: Any) -> None:
        """Take the work. It is opened at the first chunk, where its errors are told whole."""
        self._work: ChunkWork = payload
        self._apply: Callable[[Chunk], Result] | None = None

    def apply(self, pickled: bytes) -> tuple[bool, bytes]:
        """Return whether the work succeeded, and its pickled result or exception."""
        try:
            return True, pickle.dumps(self._result(pickle.loads(pickled)))  # noqa: S301
        except Exception as error:  # noqa: BLE001 - raised again in the driver
            return False, _pickled_error(error)

    def _result(self, chunk: Chunk) -> Result:
        self.prepare()
        if self._apply is None:
            self._apply = self._opened.enter_context(self._work.open())
        return self._apply(chunk)


def _pickled_error(error: Exception) -> bytes:
    """Pickle an exception; one that cannot be restored becomes a `RunError` that tells of it."""
    error.add_note("In a Ray worker:\n" + "".join(traceback.format_exception(error)))
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)  # noqa: S301 - many exceptions pickle and cannot be restored
    except Exception:  # noqa: BLE001
        return pickle.dumps(RunError(f"{type(error).__name__}: {error}"))
    return pickled


def unpickled(data: bytes) -> Any:
    """Return what a host sent."""
    return pickle.loads(data)  # noqa: S301 - from our own actor
