"""How graded samples look in the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from rft_core.types import Grade, GradedSample


def sample_record(graded: GradedSample, index: int) -> dict[str, Any]:
    """Return a graded sample as a JSON object; `index` is its place in the batch."""
    completion = graded.sample.completion
    record: dict[str, Any] = {
        "index": index,
        "item": graded.sample.item.id,
        "completion": completion.text,
        "num_tokens": completion.num_tokens,
        "finish_reason": completion.finish_reason,
        "reward": graded.reward,
        "composed": graded.composed,
        "grades": {name: _grade_record(grade) for name, grade in graded.grades.items()},
    }
    optional = {
        "task": graded.task,
        "messages": list(completion.messages),
        "contributions": dict(graded.contributions),
        "masked": graded.masked,
        "failed_gate": graded.failed_gate,
    }
    return record | {key: value for key, value in optional.items() if value}


def _grade_record(grade: Grade | None) -> dict[str, Any] | None:
    """Return a grade; None stands for a grader that did not run."""
    if grade is None:
        return None
    record: dict[str, Any] = {"score": grade.score}
    if grade.reason:
        record["reason"] = grade.reason
    if grade.metrics:
        record["metrics"] = dict(grade.metrics)
    if grade.error:
        error = grade.error
        record["error"] = {
            "kind": error.kind,
            "message": error.message,
            "distribution": error.distribution,
            "traceback": error.traceback,
        }
    return record


def to_json(record: Any) -> str:
    """Return one line of JSON. Lone surrogates in completions are escaped, so it encodes."""
    return _ENCODER.encode(record)


_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
"""Made once: `json.dumps` makes one per call where it is given options."""


def sample_lines(batch: Iterable[GradedSample]) -> str:
    """Return the lines of a batch: `to_json(sample_record(one, index))` for each, but faster.

    Files of a million samples are written through it. -0.0 is written as 0.0.
    """
    lines = _Lines()
    return "".join([lines.line(graded, index) for index, graded in enumerate(batch)])


class _Lines:
    """Writes the lines of a batch, in which names, numbers and metrics repeat."""

    def __init__(self) -> None:
        self._keys = _Keys()
        self._numbers = _Numbers()
        self._metrics: dict[int, str] = {}
        """By the identity of mappings, which graders share among grades."""

    def line(self, graded: GradedSample, index: int) -> str:
        completion = graded.sample.completion
        if graded.masked or graded.failed_gate or graded.task or completion.messages:
            return f"{to_json(sample_record(graded, index))}\n"
        keys, numbers, grade = self._keys, self._numbers, self._grade
        tokens, reason = completion.num_tokens, completion.finish_reason
        grades = ",".join([f"{keys[name]}{grade(one)}" for name, one in graded.grades.items()])
        parts = graded.contributions
        summands = f',"contributions":{self._mapping(parts)}' if parts else ""
        return (
            f'{{"index":{index},"item":{_text(graded.sample.item.id)},'
            f'"completion":{_text(completion.text)},'
            f'"num_tokens":{"null" if tokens is None else tokens},'
            f'"finish_reason":{"null" if reason is None else _text(reason)},'
            f'"reward":{numbers[graded.reward]},"composed":{numbers[graded.composed]},'
            f'"grades":{{{grades}}}{summands}}}\n'
        )

    def _grade(self, grade: Grade | None) -> str:
        if grade is None or grade.error is not None:
            return to_json(_grade_record(grade))
        metrics = self._metrics.get(id(grade.metrics))
        if metrics is None:
            metrics = f',"metrics":{self._mapping(grade.metrics)}' if grade.metrics else ""
            self._metrics[id(grade.metrics)] = metrics
        reason = f',"reason":{_text(grade.reason)}' if grade.reason else ""
        return f'{{"score":{self._numbers[grade.score]}{reason}{metrics}}}'

    def _mapping(self, mapping: Mapping[str, float | None]) -> str:
        keys, numbers = self._keys, self._numbers
        return f"{{{','.join([f'{keys[k]}{numbers[n]}' for k, n in mapping.items()])}}}"


class _Keys(dict[str, str]):
    """Keys of objects as JSON, with the colon."""

    def __missing__(self, name: str) -> str:
        self[name] = text = f"{_text(name)}:"
        return text


class _Numbers(dict["float | None", str]):
    """Numbers as JSON; looking one up is several times faster than writing it."""

    def __missing__(self, number: float | None) -> str:
        self[number] = text = to_json(0.0 if number == 0 else number)
        return text


_text: Final = encode_basestring_ascii
