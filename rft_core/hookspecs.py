"""The hooks of rft-core, called through pluggy under the project name `rft`.

Registration hooks return classes; the task file selects among them by name, so installing a
package never changes a reward. Observer hooks are told what happens and cannot change it.
A plugin implements any of them in a module that its entry point in group `rft` names:

    [project.entry-points.rft]
    my_plugin = "my_package.plugin"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    import typer

    from rft_core.grader import Grader
    from rft_core.grading.executor import Executor
    from rft_core.reward.shaper import RewardShaper
    from rft_core.rollout import Rollout
    from rft_core.task.shared import Resolved
    from rft_core.types import GradedSample

PROJECT_NAME: Final = "rft"

hookspec: Final = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl: Final = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@hookspec
def rft_register_graders() -> Iterable[type[Grader[Any]]]:  # type: ignore[empty-body]
    """Return grader classes. Called once, when the first grader is looked up."""


@hookspec
def rft_register_rollouts() -> Iterable[type[Rollout[Any]]]:  # type: ignore[empty-body]
    """Return rollout classes: how completions come about. Called once, at the first look-up."""


@hookspec
def rft_register_reward_shapers() -> Iterable[type[RewardShaper[Any]]]:  # type: ignore[empty-body]
    """Return reward shaper classes: maps of rewards to rewards. Called once, at first look-up."""


@hookspec
def rft_register_executors() -> Iterable[type[Executor]]:  # type: ignore[empty-body]
    """Return executor classes: where and under which limits graders run. Called once."""


@hookspec
def rft_register_packs() -> Iterable[Path]:  # type: ignore[empty-body]
    """Return folders of shareable reward specs that this distribution ships."""


@hookspec(firstresult=True)
def rft_resolve_spec(reference: str, folder: Path) -> Resolved | None:
    """Return the shared spec that a task file in `folder` names, None if it is not yours to find.

    `reference` is `team/name` or `team/name@RANGE`. Nothing in the spec may be executed. Raise
    `UsageError` where it cannot be had; the first plugin that returns one decides.
    """


@hookspec
def rft_register_commands() -> Mapping[str, typer.Typer]:  # type: ignore[empty-body]
    """Return command groups by name, shown as `rft NAME …`."""


@hookspec
def rft_run_started(run_dir: Path, task: Mapping[str, Any]) -> None:
    """Tell that a run starts (or resumes), before the first step.

    `task` is the resolved task file as plain data; changing it changes nothing.
    """


@hookspec
def rft_batch_graded(step: int, phase: str, samples: Sequence[GradedSample]) -> None:
    """Tell that a batch was graded, after its samples were logged.

    `phase` is "train" or "eval"; `step` counts from 1, 0 is before training.
    """


@hookspec
def rft_checkpoint_saved(step: int, path: Path) -> None:
    """Tell that a complete checkpoint lies at `path`."""


@hookspec
def rft_run_finished(run_dir: Path, summary: Mapping[str, Any]) -> None:
    """Tell that a run ended: `summary["status"]` is "done", "stopped" or "failed"."""
