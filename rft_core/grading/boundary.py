"""The one place where other people's results and failures become grades.

Executors call graders through `invoke` and `ainvoke` only, so every grader, wherever it runs, is
held to the same contract and its failures are told in the same words.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, cast

from rft_core.errors import GraderContractError, OutputParseError, RunStopError
from rft_core.grader import Grader
from rft_core.types import BatchGradeLike, ErrorKind, Grade, GradeError, GradeLike, Sample

# What is no `Exception` fails the grader too, not the run or the thread that grades: `sys.exit` in
# code that a grader executes, `pytest.fail`, an `asyncio.run` of its own that was cancelled. So
# `BaseException` is caught. Ctrl-C reaches the main thread only, where no grader runs.


@dataclass(frozen=True, slots=True)
class GraderCall:
    """A configured grader under the name the task file gives it, and its limits.

    `timeout` is the deadline in seconds for each sample of a call, None for none. `distribution`
    is the package that provides it, for messages.
    """

    key: str
    grader: Grader[Any]
    distribution: str
    timeout: float | None
    concurrency: int
    memory_limit: int | None = None
    """As `Grader.memory_limit`; None: the grader's."""

    def seconds_for(self, samples: int) -> float | None:
        """Return the deadline of a call with so many samples; None: it may take for ever."""
        return None if self.timeout is None else self.timeout * samples

    def error(self, kind: ErrorKind, message: str, trace: str = "") -> Grade:
        """Return the error outcome for one sample."""
        return Grade(error=GradeError(kind, message, self.key, self.distribution, trace))

    def timed_out(self) -> Grade:
        """Return the error outcome for a sample that passed its deadline."""
        return self.error("timeout", f"took longer than {self.timeout} s")


def invoke(call: GraderCall, samples: Sequence[Sample]) -> list[Grade]:
    """Grade `samples` with a sync grader in this thread; never raises what the grader raises."""
    if not call.grader.is_batched():
        return list(map(sample_function(call), samples))
    try:
        values = call.grader.grade_batch(samples)
        return _checked_batch(call, values, len(samples))
    except BaseException as error:  # noqa: BLE001 - see above
        if _is_everyones(error, samples):
            return [failure(call, error)] * len(samples)
    return [grade for sample in samples for grade in invoke(call, [sample])]


def sample_function(call: GraderCall) -> Callable[[Sample], Grade]:
    """Return what grades one sample with a sync grader and never raises what the grader raises.

    It runs once per sample and grader, so what does not change between samples is bound here.
    """
    grade = call.grader.grade
    low, high = call.grader.score_range

    def run(sample: Sample) -> Grade:
        try:
            value = grade(sample)
            if type(value) is float and low <= value <= high and isfinite(value):
                return Grade(value)
            return _checked(call, value)
        except BaseException as error:  # noqa: BLE001 - see above
            return failure(call, error)

    return run


async def ainvoke(call: GraderCall, samples: Sequence[Sample]) -> list[Grade]:
    """Grade `samples` with an async grader; never raises what the grader raises."""
    try:
        if call.grader.is_batched():
            values = await _awaitable_batch(call, samples)
            return _checked_batch(call, values, len(samples))
        (sample,) = samples
        return [_checked(call, await cast("Awaitable[GradeLike]", call.grader.grade(sample)))]
    except BaseException as error:
        if _is_cancelled():  # the deadline has passed, or the run ends
            raise
        if isinstance(error, _GIVEN_UP) or _is_everyones(error, samples):
            return [failure(call, error)] * len(samples)
    return [grade for sample in samples for grade in await ainvoke(call, [sample])]


_GIVEN_UP: Final = (asyncio.CancelledError, GeneratorExit)
"""After these a coroutine is not to await anything more."""


def _is_cancelled() -> bool:
    """Whether the runner cancels this call, whatever the grader makes of it."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # the event loop is gone, and this is thrown away
        return True
    return task is not None and bool(task.cancelling())


def _awaitable_batch(
    call: GraderCall, samples: Sequence[Sample]
) -> Awaitable[Sequence[BatchGradeLike]]:
    return cast("Awaitable[Sequence[BatchGradeLike]]", call.grader.grade_batch(samples))


def failure(call: GraderCall, error: BaseException) -> Grade:
    """Return the outcome that an exception of a grader stands for."""
    text = _text(str, error)
    if isinstance(error, OutputParseError):
        return Grade(0.0, text)
    if isinstance(error, GraderContractError):
        return call.error("contract", text)
    if isinstance(error, RunStopError):
        return call.error("stop", text)
    trace = _text(_trace, error)
    return call.error("exception", f"{type(error).__name__}: {text}", trace)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _text(read: Callable[[BaseException], str], error: BaseException) -> str:
    """Read an exception, which is other people's code and may fail itself."""
    try:
        return read(error)
    except BaseException as another:  # noqa: BLE001 - see above
        return f"(unreadable: {type(another).__name__})"


def _is_everyones(error: BaseException, samples: Sequence[Sample]) -> bool:
    """Whether a batch's failure is every sample's.

    If not, the samples are graded one by one, so that only the one that causes it is an error.
    """
    return len(samples) == 1 or isinstance(error, GraderContractError | RunStopError)


def _checked_batch(call: GraderCall, values: Any, expected: int) -> list[Grade]:
    if not isinstance(values, Sequence) or isinstance(values, str | bytes | bytearray):
        raise GraderContractError(
            f"grade_batch returned {type(values).__name__} instead of a list of grades"
        )
    if len(values) != expected:
        raise GraderContractError(
            f"grade_batch returned {len(values)} grades for {expected} samples"
        )
    return _checked_values(call, values)


def _checked_values(call: GraderCall, values: Sequence[Any]) -> list[Grade]:
    """Check every value of a batch; what is right at first sight costs next to nothing.

    Graders share mappings of metrics among grades, so each mapping is looked at once.
    """
    low, high = call.grader.score_range
    looked_at: set[int] = set()
    grades: list[Grade] = []
    for value in values:
        if type(value) is Grade and id(value.metrics) in looked_at:
            score = value.score
            in_range = type(score) is float and low <= score <= high and isfinite(score)
            reason_is_right = value.reason is None or type(value.reason) is str
            if in_range and value.error is None and reason_is_right:
                grades.append(value)
                continue
        grade = _checked_or_error(call, value)
        if grade is value:
            looked_at.add(id(grade.metrics))
        grades.append(grade)
    return grades


def _checked_or_error(call: GraderCall, value: Any) -> Grade:
    if isinstance(value, Exception):
        return failure(call, value)
    try:
        return _checked(call, value)
    except GraderContractError as error:
        return failure(call, error)


def _checked(call: GraderCall, value: Any) -> Grade:
    """Return `value` as a grade; raise `GraderContractError` if it is none."""
    grade = value if type(value) is Grade else Grade(value)
    if grade.reason is not None and not isinstance(grade.reason, str):
        raise GraderContractError(f"the reason is {type(grade.reason).__name__}, not text")
    if grade.error is not None:
        if not isinstance(grade.error, GradeError):
            raise GraderContractError(f"the error is {type(grade.error).__name__}, not GradeError")
        return Grade(reason=grade.reason, error=grade.error)
    score = None if grade.score is None else _in_range(call, grade.score)
    metrics = _checked_metrics(grade.metrics)
    if score is grade.score and metrics is grade.metrics:
        return grade
    return Grade(score, grade.reason, metrics)


def _in_range(call: GraderCall, value: Any) -> float:
    score = _finite(value, "score")
    low, high = call.grader.score_range
    if not low <= score <= high:
        raise GraderContractError(
            f"score {score} is outside of the declared range [{low:g}, {high:g}]"
        )
    return score


def _checked_metrics(metrics: Any) -> Mapping[str, float]:
    if type(metrics) is not dict and not isinstance(metrics, Mapping):
        raise GraderContractError(f"the metrics are {type(metrics).__name__}, not a mapping")
    if not metrics or _are_finite_floats(metrics):
        return metrics
    return {str(name): _finite(value, f"metric {name!r}") for name, value in metrics.items()}


_FLOAT: Final = {float}
_STR: Final = {str}


def _are_finite_floats(metrics: Mapping[Any, Any]) -> bool:
    """Whether all metrics are as they should be; without a loop, since it runs for every grade."""
    values = metrics.values()
    types_are_right = set(map(type, values)) == _FLOAT and set(map(type, metrics)) == _STR
    return types_are_right and isfinite(sum(values))


def _finite(value: Any, name: str) -> float:
    if type(value) is not float:
        value = _as_float(value, name)
    if not isfinite(value):
        raise GraderContractError(f"{name} {value} is not finite")
    return float(value)


def _as_float(value: Any, name: str) -> float:
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):  # texts have neither
        raise GraderContractError(
            f"a grader returns a Grade, a number or None, not {type(value).__name__}"
        )
    try:
        return float(value)
    except Exception as error:  # noqa: BLE001 - __float__ is other people's code too
        raise GraderContractError(f"{name} is no number: {error}") from None
