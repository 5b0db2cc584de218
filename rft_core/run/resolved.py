"""The task file as resolved: nothing in it depends on where it lay or on files that may change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rft_core.configurable import Configurable
from rft_core.task.build import RewardPlan
from rft_core.task.spec import CasesSpec, DatasetSpec, DataSource
from rft_core.task.task import Task


def resolved(task: Task, train: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task as plain data with absolute paths, prompt texts and all defaults.

    `train` is the training section with defaults. Raises nothing: the task was checked.
    """
    data: dict[str, Any] = task.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["data"] = {name: _dataset(task, getattr(task.spec.data, name)) for name in data["data"]}
    if task.messages is not None:
        data["messages"] = [{"role": role, "content": text} for role, text in task.messages]
    if task.response_schema is not None:
        data["response_format"] = {"schema": task.response_schema}
    if task.spec.model is not None and (local := task.base_dir / task.spec.model.name).exists():
        data["model"]["name"] = str(local.resolve())
    data["train"] = dict(train)
    for name, plan in task.rewards.items():
        _resolve_reward(data["reward"] if name is None else data["rewards"][name], plan)
    data["rollout"]["config"] = _config(task.rollout)
    return data


def _dataset(task: Task, dataset: DataSource) -> Any:
    if isinstance(dataset, CasesSpec):
        path = task.base_dir / Path(dataset.cases).expanduser()
        return {"cases": str(path.resolve())}
    if isinstance(dataset, DatasetSpec):
        folder = task.base_dir / Path(dataset.name).expanduser()
        name = str(folder.resolve()) if folder.is_dir() else dataset.name
        return dataset.model_dump(exclude_none=True) | {"name": name}
    path = task.base_dir / Path(dataset).expanduser()
    is_file = path.exists() or path.suffix in {".jsonl", ".json"}  # a file that is not there yet
    return str(path.resolve()) if is_file else dataset


def _resolve_reward(reward: dict[str, Any], plan: RewardPlan) -> None:
    """Write validated configs, in which files are absolute, over those of the task file."""
    for key, call in plan.calls.items():
        reward["graders"][key]["config"] = _config(call.grader)
    for section, shaper in zip(reward["shapers"], plan.shapers, strict=True):
        section["config"] = _config(shaper)


def _config(configured: Configurable[Any]) -> dict[str, Any]:
    config: dict[str, Any] = configured.config.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    return config
