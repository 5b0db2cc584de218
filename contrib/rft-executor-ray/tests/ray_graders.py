"""Graders and work that Ray workers import: they do what the completion says."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rft_core import Grade, Grader, PluginConfig
from rft_core.errors import RunStopError, UsageError
from rft_core.types import Sample


def obey(sample: Sample) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case, one line
    match sample.text.split():
        case ["exit"]:
            os._exit(7)
        case ["segfault"]:
            ctypes.string_at(0)
        case ["deaf"]:
            ctypes.PyDLL(None).sleep(600)  # with the interpreter's lock held
        case ["leave"]:
            raise SystemExit(3)
        case ["raise"]:
            raise ValueError("no")
        case ["stop"]:
            raise RunStopError("the budget is spent")
        case ["nan"]:
            return float("nan")
        case ["text"]:
            return "good"
        case ["none"]:
            return None
        case ["json"]:
            return float(sample.json)
        case ["unpicklable"]:
            return Grade(1.0, reason=threading.Lock())  # type: ignore[arg-type]
        case ["pid"]:
            return Grade(1.0, str(os.getpid()), {"third": 1 / 3})
        case ["hang"]:
            time.sleep(30)
        case ["sleep", seconds]:
            time.sleep(float(seconds))
    return len(sample.text) / 100


class ByText(Grader[PluginConfig]):
    name = "by_text"

    def grade(self, sample: Sample) -> Any:
        return obey(sample)


class AsyncByText(Grader[PluginConfig]):
    name = "async_by_text"

    async def grade(self, sample: Sample) -> Any:
        if sample.text == "hang":
            await asyncio.sleep(30)
        return obey(sample)


class BatchByText(Grader[PluginConfig]):
    name = "batch_by_text"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [obey(sample) for sample in samples]


class IsolatedByText(ByText):
    name = "isolated_by_text"
    isolation = "process"


class SizeOfBatch(Grader[PluginConfig]):
    """The reason says with how many samples the grader was called."""

    name = "size_of_batch"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [Grade(1.0, str(len(samples)))] * len(samples)


class SizeOfWholeBatch(SizeOfBatch):
    name = "size_of_whole_batch"
    whole_batches = True


class HoldsALock(ByText):
    """Cannot be sent."""

    name = "holds_a_lock"

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self.config = threading.Lock()  # type: ignore[assignment]


class OnlyHere(ByText):
    """Is made in the process of the run, and cannot be made in a worker."""

    name = "only_here"

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        if os.environ.get("RFT_TEST_PROCESS") != str(os.getpid()):
            raise RuntimeError("no model file here")


class Work:
    """Appends its process to a file when it is opened, and does what a chunk says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator[Callable[[Any], Any]]:
        with (self._folder / "opened").open("a") as file:
            file.write(f"{os.getpid()}\n")
        yield self._apply

    def _apply(self, chunk: Any) -> Any:
        match chunk:
            case ["usage", message]:
                raise UsageError(message, where="here", hint="Do that.")
            case ["lock"]:
                raise LockedError(threading.Lock())
            case ["exit"]:
                os._exit(7)
            case ["exit once"]:
                flag = self._folder / "died"
                if not flag.exists():
                    flag.touch()
                    os._exit(7)
            case ["sleep", seconds]:
                time.sleep(seconds)
        return (os.getpid(), chunk)


class LockedError(Exception):
    """Cannot be pickled."""


class Unopenable:
    def open(self) -> Any:
        raise UsageError("the task file is gone")
