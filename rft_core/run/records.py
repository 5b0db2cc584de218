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

    Files of a million samples are written through it.
    """
    return "".join([_line(graded, index) for index, graded in enumerate(batch)])


def _line(graded: GradedSample, index: int) -> str:
    completion = graded.sample.completion
    if graded.masked or graded.failed_gate or graded.task or completion.messages:
        return f"{to_json(sample_record(graded, index))}\n"
    tokens, reason = completion.num_tokens, completion.finish_reason
    reward, composed = _number(graded.reward), _number(graded.composed)
    grades = ",".join([f"{_text(name)}:{_grade(one)}" for name, one in graded.grades.items()])
    summands = f',"contributions":{_numbers(graded.contributions)}' if graded.contributions else ""
    return (
        f'{{"index":{index},"item":{_text(graded.sample.item.id)},'
        f'"completion":{_text(completion.text)},'
        f'"num_tokens":{"null" if tokens is None else tokens},'
        f'"finish_reason":{"null" if reason is None else _text(reason)},'
        f'"reward":{reward},"composed":{composed},"grades":{{{grades}}}{summands}}}\n'
    )


def _grade(grade: Grade | None) -> str:
    if grade is None or grade.error is not None:
        return to_json(_grade_record(grade))
    reason = f',"reason":{_text(grade.reason)}' if grade.reason else ""
    metrics = f',"metrics":{_numbers(grade.metrics)}' if grade.metrics else ""
    return f'{{"score":{_number(grade.score)}{reason}{metrics}}}'


def _numbers(numbers: Mapping[str, float | None]) -> str:
    parts = [f"{_text(name)}:{_number(number)}" for name, number in numbers.items()]
    return f"{{{','.join(parts)}}}"


def _number(number: float | None) -> str:
    if type(number) is float and number - number == 0:  # neither infinite nor NaN
        return float.__repr__(number)
    return to_json(number)


_text: Final = encode_basestring_ascii
