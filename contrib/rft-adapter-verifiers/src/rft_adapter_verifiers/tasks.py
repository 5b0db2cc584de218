"""From the config to a verifiers task, and from samples to traces."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import verifiers.v1 as vf
from pydantic import TypeAdapter, ValidationError
from verifiers.v1.state import state_cls

from rft_adapter_verifiers.config import VerifiersConfig
from rft_core.suggest import did_you_mean
from rft_core.types import Item, Sample
from rft_core.wrapping import load_callable

_MESSAGE: Final[TypeAdapter[Any]] = TypeAdapter(vf.Message)
_OWN: Final = frozenset({"prompt", "system_prompt"})


class TaskMaker:
    """Makes a verifiers task of each item."""

    def __init__(self, config: VerifiersConfig) -> None:
        """Find the task's class. Raises `ValueError` if there is none, or it needs a container."""
        options = dict(config.options)
        self.cls: Any = _task_class(config)
        if self.cls is None:
            self.cls, options = _plugged(config, options)
        if self.cls.NEEDS_CONTAINER:
            raise ValueError(f"{self.cls.__name__} needs a container, which a grader has none of")
        declared = self.cls.data_type()
        # Plain data would drop the row's columns.
        self.data_type = vf.WireTaskData if declared is vf.TaskData else declared
        try:
            self.config = self.cls.config_type().model_validate(options)
        except ValidationError as error:
            raise ValueError(
                f"{self.cls.__name__} does not take these `options`: {error}"
            ) from None

    def make(self, item: Item) -> Any:
        """Return the item's task. Raises `ValueError` if the row is no data of it."""
        fields = {key: value for key, value in item.fields.items() if key not in _OWN}
        try:
            data = self.data_type.model_validate({"id": item.id, **fields, **_prompt(item)})
        except ValidationError as error:
            raise ValueError(f"the row is no {self.data_type.__name__}: {error}") from None
        return self.cls(data, self.config)


def check_rewards(task: Any, wanted: str | None) -> None:
    """Raise `ValueError` if the task's rewards cannot run here, or the wanted one is not there."""
    judges = task.plugged_judges()
    rewards = task.hooks("reward")
    for hook in (*rewards, *task.hooks("metric"), *(judge.score for judge in judges)):
        if _needs_runtime(hook):
            raise ValueError(f"{hook.__name__!r} needs a runtime, which a grader has none of")
    names = [*(hook.__name__ for hook in rewards), *(judge.reward_name for judge in judges)]
    if not names:
        raise ValueError(f"{type(task).__name__} has no rewards")
    if wanted is not None and wanted not in names:
        hint = did_you_mean(wanted, names) or ""
        raise ValueError(f"{type(task).__name__} has no reward {wanted!r}. {hint}".strip())


def trace_of(task: Any, sample: Sample) -> Any:
    """Return the trace of a rollout that ended with the sample's completion."""
    completion = sample.completion
    answer = completion.messages or ({"role": "assistant", "content": sample.text},)
    turns = [*((one, False) for one in sample.item.messages), *((one, True) for one in answer)]
    nodes = [
        vf.MessageNode(
            parent=index - 1 if index else None,
            message=_message(message),
            sampled=made and message.get("role") == "assistant",
        )
        for index, (message, made) in enumerate(turns)
    ]
    usage = completion.num_tokens and vf.Usage(
        prompt_tokens=0, completion_tokens=completion.num_tokens
    )
    call = vf.ModelCall(
        node=len(nodes) - 1, finish_reason=completion.finish_reason, usage=usage or None
    )
    return vf.Trace(
        task=vf.TraceTask(type=type(task).__name__, data=task.data),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        state=state_cls(type(task))(),
        nodes=nodes,
        calls=[call],
        is_completed=True,
        ok=True,
    )


def _task_class(config: VerifiersConfig) -> Any:
    """Return the `Task` class that the config names; None if it names a function."""
    if config.path is not None:
        found = load_callable(config.path)
        return found if isinstance(found, type) and issubclass(found, vf.Task) else None
    try:
        return vf.task_type(config.taskset)
    except (ImportError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"cannot load the taskset {config.taskset!r}: {error}") from None


def _plugged(config: VerifiersConfig, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a plain task's class, and its options with the function as one of its rewards."""
    path = str(config.path)
    function: Any = load_callable(path)
    if not inspect.iscoroutinefunction(function):
        raise ValueError(f"{path!r} is neither a Task class nor an async reward function")
    name = path.rpartition(":")[2]
    return vf.Task, options | {"rewards": {name: {"fn": path}} | options.get("rewards", {})}


def _needs_runtime(function: Callable[..., Any]) -> bool:
    """Whether verifiers would leave the function out where there is no runtime."""
    parameter = inspect.signature(function).parameters.get("runtime")
    return parameter is not None and parameter.default is inspect.Parameter.empty


def _prompt(item: Item) -> dict[str, Any]:
    """Return the prompt as task data have it; the row's own if the item has none."""
    messages: Sequence[Mapping[str, Any]] = item.messages
    if not messages:
        return {key: item.fields[key] for key in _OWN if key in item.fields}
    found: dict[str, Any] = {}
    if messages[0].get("role") in {"system", "developer"}:
        found["system_prompt"], messages = messages[0].get("content") or "", messages[1:]
    if len(messages) == 1 and messages[0].get("role") == "user":
        return found | {"prompt": messages[0].get("content") or ""}
    return found | {"prompt": [_message(one) for one in messages]}


def _message(message: Mapping[str, Any]) -> Any:
    """Return a message with nothing but its text; a developer's is the system's."""
    role = "system" if message.get("role") == "developer" else message.get("role")
    plain = {"role": role, "content": message.get("content") or ""}
    return _MESSAGE.validate_python(plain | ({"tool_call_id": ""} if role == "tool" else {}))
