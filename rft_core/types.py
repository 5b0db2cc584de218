"""The words of the core: item, completion, sample, grade."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias

from rft_core.errors import OutputParseError

Message: TypeAlias = Mapping[str, Any]
"""One chat message, `{"role": …, "content": …}`, as in the chat completions API."""

Outcome: TypeAlias = Literal["graded", "not_applicable", "error"]
Family: TypeAlias = Literal["answer", "structured", "label_set", "similarity", "judge"]
"""What graders of a kind have in common: how completions try to be paid without being right."""
ErrorKind: TypeAlias = Literal["exception", "timeout", "contract", "crash", "stop"]

MAX_JSON_CHARS: Final = 1_000_000
"""Longer completions are not parsed as JSON; the bound is the same on every machine."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Item:
    """One dataset row: an identifier, the prompt, and every other key of the row as `fields`."""

    id: str
    messages: tuple[Message, ...]
    fields: Mapping[str, Any]

    @property
    def task(self) -> str | None:
        """The row's `task` key, by which it chooses its reward."""
        task = self.fields.get("task")
        return None if task is None else str(task)


# Completion and Grade are made for every sample of every step. They are not to be changed, but not
# frozen: that would cost several times what the rest of the reward stage does.


@dataclass(slots=True)
class Completion:
    """What the policy produced for one item.

    `num_tokens` is the length in tokens of what the policy itself wrote, `finish_reason` is
    `"stop"` or `"length"`, and `messages` holds every turn where a rollout took more than one;
    each is empty where it is not known, as for completions read from a file.
    """

    text: str
    num_tokens: int | None = None
    finish_reason: str | None = None
    messages: tuple[Message, ...] = ()


class Sample:
    """An item and one completion of it: what a grader grades. Graders must not change it."""

    __slots__ = ("_json", "completion", "item", "text")

    def __init__(self, item: Item, completion: Completion | str) -> None:
        self.item = item
        self.completion = Completion(completion) if isinstance(completion, str) else completion
        self.text = self.completion.text
        self._json: Any = _UNPARSED

    @property
    def json(self) -> Any:
        """The completion parsed as JSON (RFC 8259, so no NaN), once.

        Raises `OutputParseError` if it does not parse. A grader that lets the error escape grades
        the sample 0.0 with the error's text as the reason.
        """
        parsed = self._json
        if parsed is _UNPARSED:
            parsed = self._json = _parse(self.text)
        if type(parsed) is OutputParseError:
            raise parsed.with_traceback(None)
        return parsed

    def __reduce__(self) -> tuple[type[Sample], tuple[Item, Completion]]:
        return Sample, (self.item, self.completion)

    def __repr__(self) -> str:
        return f"Sample(item={self.item.id!r}, text={self.text[:60]!r})"


_UNPARSED: Final = object()


def _parse(text: str) -> Any:
    """Parse `text`, returning (not raising) the error so that it can be kept."""
    if len(text) > MAX_JSON_CHARS:
        return OutputParseError(f"the completion is longer than {MAX_JSON_CHARS} characters")
    try:
        return _parsed(text)
    except RecursionError:
        return OutputParseError("the completion's JSON is nested too deeply")
    except ValueError as error:  # JSONDecodeError, or a number with too many digits
        return OutputParseError(f"the completion is not JSON: {error}")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_reject_constant)
"""Made once: `json.loads` builds one per call where it is given options."""


def _parsed(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return _DECODER.decode(text)
    value, end = _DECODER.raw_decode(text)  # does not look for white space, so it is faster
    return value if end == len(text) else _DECODER.decode(text)


@dataclass(frozen=True, slots=True)
class GradeError:
    """Why a grader failed on a sample, and whose grader it was."""

    kind: ErrorKind
    message: str
    grader: str
    distribution: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"grader {self.grader!r} of {self.distribution}: {self.kind}: {self.message}"


class _NoMetrics(Mapping[str, float]):
    """The empty mapping, shared by all grades without metrics."""

    def __getitem__(self, name: str) -> float:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


_NO_METRICS: Final = _NoMetrics()


@dataclass(slots=True)
class Grade:
    """The result of one grader for one sample: exactly one of three outcomes.

    * graded: `score` is a finite number (0.0 for a wrong completion, with a `reason`);
    * not applicable: `score` and `error` are None;
    * error: `error` is set. The grader failed; nothing is known about the completion.

    `metrics` are further numbers worth averaging over samples (precision beside recall …).
    """

    score: float | None = None
    reason: str | None = None
    metrics: Mapping[str, float] = _NO_METRICS
    error: GradeError | None = None

    @property
    def outcome(self) -> Outcome:
        """Which of the three it is."""
        if self.error is not None:
            return "error"
        return "not_applicable" if self.score is None else "graded"


GradeLike: TypeAlias = Grade | float | None
"""What a grader returns for a sample: a `Grade`, or its score alone, or None: not applicable."""
BatchGradeLike: TypeAlias = GradeLike | Exception
"""What a grader returns for a sample of a batch: an exception if it failed on this one alone."""


@dataclass(slots=True)
class GradedSample:
    """A sample with its grades and the reward composed from them.

    `grades[name]` is None where the grader did not run because a gate failed before it, and as long
    as the batch is being graded and the grader is not done.
    `composed` is the reward before shaping, `reward` after it. Both are None where the sample is
    masked: then `masked` says why and the sample takes no part in its group's advantage.
    `contributions` (weights only) are the summands of `composed`.
    """

    sample: Sample
    task: str | None
    grades: dict[str, Grade | None]
    composed: float | None = None
    reward: float | None = None
    masked: str | None = None
    failed: bool = False
    """Whether an error of a grader decided the reward: it masks the sample, or sets a penalty."""
    failed_gate: str | None = None
    contributions: Mapping[str, float | None] = _NO_METRICS

    @property
    def errors(self) -> Sequence[GradeError]:
        """The errors among the grades."""
        return [grade.error for grade in self.grades.values() if grade and grade.error]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is: `step` of `max_steps` optimiser steps; both 0 outside of training."""

    step: int = 0
    max_steps: int = 0
