"""A composed reward of rft-core as a reward of verifiers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import verifiers.v1 as vf

from rft_core.errors import RunError
from rft_core.export import ComposedReward
from rft_core.types import Completion, Message


class MaskedError(RunError):
    """The sample has no reward, since a grader failed or none applies."""


def composed_reward(
    task_file: Path | str, *, weight: float = 1.0
) -> Callable[[Any, Any], Awaitable[float]]:
    """Return a task file's reward as a reward of verifiers: a method of a `Task`, or plugged in.

    The row is the task's data; a reward of several tasks is chosen by its field `task`.
    The reward raises `MaskedError` where the sample is masked, so that verifiers records an error
    and no score. Raises `UsageError` if the task file is wrong, and later for a row that its
    graders cannot grade.
    """
    reward = ComposedReward(task_file)

    async def composed(task: Any, trace: Any) -> float:  # noqa: ARG001 - a method's self
        (graded,) = await reward.grade_async(
            [_row(trace)], [_completion(trace)], [_messages(_prompt(trace))]
        )
        if graded.reward is None:
            causes = "; ".join(map(str, graded.errors))
            raise MaskedError(f"masked: {graded.masked} {causes}".strip())
        return graded.reward

    found: Callable[[Any, Any], Awaitable[float]] = vf.reward(weight=weight)(composed)
    return found


def _row(trace: Any) -> dict[str, Any]:
    data = trace.task.data.model_dump(mode="json")
    return {**data, "id": data.get("id") or trace.task.key or trace.id}


def _prompt(trace: Any) -> list[Any]:
    """Return the nodes before the model's first answer."""
    return list(takewhile(lambda node: not node.sampled, _branch(trace)))


def _branch(trace: Any) -> list[Any]:
    branches = trace.branches
    return branches[-1].nodes if branches else []


def _completion(trace: Any) -> Completion:
    turns = _messages(_branch(trace)[len(_prompt(trace)) :])
    said = [turn["content"] for turn in turns if turn["role"] == "assistant"]
    calls = [call for call in trace.calls if call.error is None]
    usage = calls[-1].usage if calls else None
    return Completion(
        said[-1] if said else "",
        usage.completion_tokens if usage and len(turns) == 1 else None,
        calls[-1].finish_reason if calls else None,
        turns if len(turns) > 1 else (),
    )


def _messages(nodes: list[Any]) -> tuple[Message, ...]:
    return tuple(
        {"role": node.message.role, "content": _text(node.message.content)} for node in nodes
    )


def _text(content: Any) -> str:
    """Return a message's text: of its parts, those that are text."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(getattr(part, "text", None) or "" for part in content)
