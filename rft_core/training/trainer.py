"""TRL's GRPOTrainer with what a run needs of it: resumable order, timing and our rollouts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from trl import GRPOTrainer
from trl.models import unwrap_model_for_generation
from trl.trainer.utils import RepeatSampler

from rft_core.rollout import Rollout
from rft_core.training.evaluator import completion_of
from rft_core.training.policy import TransformersPolicy, chat_messages
from rft_core.training.reward_function import ITEM_COLUMN, TRAJECTORY_COLUMN
from rft_core.types import Item


class EpochSampler(RepeatSampler):
    """TRL's sampler with an order that depends on the seed and the epoch only.

    TRL's own draws each epoch's order from one generator, so a run resumed in its second epoch
    would see the first epoch's order again.
    """

    def set_epoch(self, epoch: int) -> None:
        """Seed the order of an epoch; the trainer calls it before each."""
        if self.shuffle:
            self.generator.manual_seed(self.seed + epoch)


class RFTTrainer(GRPOTrainer):
    """Puts the items' prompts into the batch, and remembers when its generation began.

    The dataset holds the items' indexes only: Arrow would give every message the keys of all
    others.
    """

    generation_started = 0.0
    rows: Sequence[dict[str, Any]] = ()

    def __init__(self, items: Sequence[Item], **arguments: Any) -> None:
        self.items = items
        super().__init__(**arguments)

    def _get_train_sampler(self, dataset: Any = None) -> EpochSampler:
        sampler = super()._get_train_sampler(dataset)
        return EpochSampler(
            data_source=sampler.data_source,
            mini_repeat_count=sampler.mini_repeat_count,
            batch_size=sampler.batch_size,
            repeat_count=sampler.repeat_count,
            shuffle=sampler.shuffle,
            seed=sampler.seed,
        )

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        self.generation_started = time.perf_counter()
        self.rows = [self._with_prompt(row) for row in generation_batch]
        return super()._prepare_inputs(self.rows)

    def _with_prompt(self, row: dict[str, Any]) -> dict[str, Any]:
        messages = self.items[row[ITEM_COLUMN]].messages
        return {**row, "prompt": chat_messages(messages, self.processing_class)}

    def save_now(self) -> None:
        """Save a checkpoint of the last whole step, outside of the training loop."""
        self._save_checkpoint(self.model, trial=None)
        self.callback_handler.on_save(self.args, self.state, self.control)

    def unwrapped(self) -> AbstractContextManager[Any]:
        """Return TRL's context in which the model generates."""
        context: AbstractContextManager[Any] = unwrap_model_for_generation(
            self.model_wrapped,
            self.accelerator,
            gather_deepspeed3_params=self.args.ds3_gather_for_generation,
            generation_kwargs=self.generation_kwargs,
            gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
        )
        return context


def rollout_function(
    rollout: Rollout[Any], items: Sequence[Item]
) -> Callable[[list[Any], RFTTrainer], dict[str, Any]]:
    """Return a rollout of ours as TRL's `rollout_func`."""

    def run(_: list[Any], trainer: RFTTrainer) -> dict[str, Any]:
        batch = [items[row[ITEM_COLUMN]] for row in trainer.rows]
        policy = TransformersPolicy(
            trainer.model,
            trainer.processing_class,
            trainer.args,
            batch_size=len(batch),
            unwrap=trainer.unwrapped,
        )
        with torch.no_grad():
            trajectories = rollout.run(batch, policy)
        return {
            "prompt_ids": [one.prompt_ids for one in trajectories],
            "completion_ids": [one.completion_ids for one in trajectories],
            "logprobs": None,
            "env_mask": [one.env_mask for one in trajectories],
            TRAJECTORY_COLUMN: [completion_of(one) for one in trajectories],
        }

    return run
