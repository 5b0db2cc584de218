"""How graded samples look in the log."""

from __future__ import annotations

import json
from typing import Any

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
    return json.dumps(record, allow_nan=False, separators=(",", ":"))
