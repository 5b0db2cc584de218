"""A composed reward of rft-core as a scorer of Inspect."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import Any, Final

import anyio.to_thread
from inspect_ai.model import ChatMessage
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from rft_core.export import ComposedReward
from rft_core.types import Completion, GradedSample, Message

_FINISH_REASONS: Final = {"stop": "stop", "max_tokens": "length", "model_length": "length"}


@scorer(metrics=[mean(), stderr()])  # type: ignore[untyped-decorator]
def composed_reward(task_file: str, target: str = "reference_answer") -> Scorer:
    """Score by the reward of a task file.

    A row is the sample's metadata, with its target as the column `target`: a list where there is
    more than one. A masked sample is unscored (NaN), never 0: metrics leave it out.
    Raises `UsageError` if the task file is wrong or its reward cannot grade the row.
    """
    reward = ComposedReward(task_file)

    async def score(state: TaskState, wanted: Target) -> Score:
        grade = partial(
            reward.grade,
            [_row(state, wanted, target)],
            [_completion(state)],
            [_messages(_prompt(state))],
        )
        (graded,) = await anyio.to_thread.run_sync(grade)
        return _score(graded)

    return score


def _row(state: TaskState, wanted: Target, column: str) -> dict[str, Any]:
    target = wanted.text if len(wanted) == 1 else list(wanted)
    return {**state.metadata, column: target, "id": str(state.sample_id)}


def _prompt(state: TaskState) -> list[ChatMessage]:
    """Return what stands before the model's first answer: solvers may have added to the input."""
    return list(takewhile(lambda one: getattr(one, "source", None) != "generate", state.messages))


def _completion(state: TaskState) -> Completion:
    output, turns = state.output, state.messages[len(_prompt(state)) :]
    counted = output.usage is not None and len(turns) == 1
    return Completion(
        output.completion,
        output.usage.output_tokens if counted else None,
        _FINISH_REASONS.get(output.stop_reason) if output.choices else None,
        _messages(turns) if len(turns) > 1 else (),
    )


def _messages(messages: list[ChatMessage]) -> tuple[Message, ...]:
    return tuple({"role": one.role, "content": one.text} for one in messages)


def _score(graded: GradedSample) -> Score:
    said = [
        f"{name}: {grade.error or grade.reason}"
        for name, grade in graded.grades.items()
        if grade and (grade.error or grade.reason)
    ]
    if graded.reward is None:
        return Score.unscored(
            reason="grader_failed" if graded.errors else "scoring_failed",
            answer=graded.sample.text,
            explanation="\n".join([f"masked: {graded.masked}", *said]),
            metadata=_grades(graded),
        )
    return Score(
        value=graded.reward,
        answer=graded.sample.text,
        explanation="\n".join(said) or None,
        metadata=_grades(graded),
    )


def _grades(graded: GradedSample) -> dict[str, float | None]:
    return {name: None if grade is None else grade.score for name, grade in graded.grades.items()}
