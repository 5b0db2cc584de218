"""Evaluating a policy on items, on all processes of a run or on one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from transformers.utils import logging as transformers_logging
from trl import GRPOConfig

from rft_core.errors import UsageError
from rft_core.reward.engine import RewardEngine
from rft_core.training.distributed import ALONE, Processes
from rft_core.training.evaluator import Evaluation, grade_completions, sample_items
from rft_core.training.model import load_model
from rft_core.training.plan import Plan
from rft_core.training.policy import TransformersPolicy, evaluation_mode
from rft_core.types import Completion, Item

OnSampled: TypeAlias = Callable[[int], None]
"""Told how many completions of an evaluation were sampled since the last call."""


def evaluate_model(
    plan: Plan, items: Sequence[Item], scratch: Path, on_sampled: OnSampled | None
) -> Evaluation:
    """Load the plan's model and evaluate it on items, as training would."""
    if Processes.launched().count > 1:
        raise UsageError(
            "evaluating takes one process", hint="Start rft eval without accelerate launch."
        )
    quiet()
    config = plan.config()
    model, tokenizer = load_model(plan.model, plan.model_spec, scratch / "base-model")
    model.to(config.device)
    completions = sample_policy(plan, (model, tokenizer, config), items, ALONE, on_sampled)
    with plan.task.engine() as engine:
        return grade_policy(plan, items, completions, engine)


def sample_policy(
    plan: Plan,
    parts: tuple[Any, Any, GRPOConfig],
    items: Sequence[Item],
    processes: Processes,
    on_sampled: OnSampled | None,
) -> list[Completion]:
    """Return k completions of each item in turn, given model, tokenizer and sampling settings.

    Every process samples its share. Every evaluation draws the same random numbers, so two of
    them differ by the model only.
    """
    model, tokenizer, config = parts
    spec = plan.task.spec.evaluate
    told = on_sampled and (lambda count: on_sampled(count * processes.count))
    policy = TransformersPolicy(
        model, tokenizer, config, batch_size=spec.batch_size, on_progress=told
    )

    def sample() -> list[Completion]:
        return sample_items(processes.share(items), policy, plan.task.rollout, spec.samples)

    with evaluation_mode(model, seed=config.seed + processes.rank):
        return [one for part in processes.each(sample) for one in part]


def grade_policy(
    plan: Plan, items: Sequence[Item], completions: Sequence[Completion], engine: RewardEngine
) -> Evaluation:
    """Grade what `sample_policy` sampled, and summarise."""
    spec = plan.task.spec.evaluate
    return grade_completions(
        items, completions, engine, samples=spec.samples, pass_threshold=spec.pass_threshold
    )


def quiet() -> None:
    """Silence what the training libraries say about themselves."""
    transformers_logging.set_verbosity_error()
    # It warns once per masked sample, in its own words; the log and the screen tell why in ours.
    logging.getLogger("trl").setLevel(logging.ERROR)
