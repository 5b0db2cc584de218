"""From samples to what Inspect's scorers get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from inspect_ai.model import ChatMessage, ModelName, ModelOutput
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState
from pydantic import TypeAdapter

from rft_core.types import Item, Sample

MODEL: Final = "none/policy"
_MESSAGES: Final[TypeAdapter[list[ChatMessage]]] = TypeAdapter(list[ChatMessage])
_STOP_REASONS: Final = {"stop": "stop", "length": "max_tokens"}


def target_of(item: Item, find: Callable[[Any], list[Any]]) -> Target:
    """Return the item's target. Raises `ValueError` if there is none, or it is no text."""
    found = find(item.fields)
    if len(found) == 1 and isinstance(found[0], list):
        (found,) = found
    if not found:
        raise ValueError("the row has no target")
    for one in found:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            # Graders refuse rows by this error.
            raise ValueError(f"the row's target is neither text nor a number but {one!r}")  # noqa: TRY004
    return Target([str(one) for one in found])


def state_of(sample: Sample, target: Target) -> TaskState:
    """Return the sample as the state of a task that a model has completed.

    `metadata` is the row's column of that name, or all of its columns where it has none.
    """
    item, completion = sample.item, sample.completion
    given = item.fields.get("metadata")
    stop_reason: Any = _STOP_REASONS.get(completion.finish_reason or "", "unknown")
    output = ModelOutput.from_content(MODEL, sample.text, stop_reason)
    answer = _MESSAGES.validate_python(_turns(completion.messages)) or [output.message]
    prompt = _MESSAGES.validate_python(_turns(item.messages))
    return TaskState(
        model=ModelName(MODEL),
        sample_id=item.id,
        epoch=1,
        input=_input(item),
        messages=[*prompt, *answer],
        target=target,
        output=output,
        completed=True,
        metadata=dict(given if isinstance(given, Mapping) else item.fields),
    )


def _input(item: Item) -> str | list[ChatMessage]:
    """Return the prompt, as a text if it is the user's alone: so a dataset has it."""
    if len(item.messages) == 1 and item.messages[0].get("role") == "user":
        return str(item.messages[0].get("content") or "")
    return _MESSAGES.validate_python(_turns(item.messages))


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages with the roles that Inspect knows and nothing but their text."""
    return [
        {
            "role": "system" if one.get("role") == "developer" else one.get("role"),
            "content": one.get("content") or "",
        }
        for one in messages
    ]
