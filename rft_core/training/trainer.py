"""TRL's GRPOTrainer with what a run needs of it: resumable order, timing and our rollouts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import torch
from trl import GRPOTrainer
from trl.models import unwrap_model_for_generation

from rft_core.rollout import Rollout
from rft_core.task.mix import Mix
from rft_core.training.evaluator import completion_of
from rft_core.training.policy import TransformersPolicy, chat_messages
from rft_core.training.reward_function import ITEM_COLUMN, TRAJECTORY_COLUMN
from rft_core.training.sampler import EpochSampler
from rft_core.types import Item

MANTISSA_BITS: Final = 24
"""Of float32, in which TRL keeps rewards."""


class RFTTrainer(GRPOTrainer):
    """Puts the items' prompts into the batch, and remembers when its generation began.

    Items come in the order of `mix`, and masked samples stay out of the loss.

    The dataset holds the items' indexes only: Arrow would give every message the keys of all
    others.
    """

    generation_started = 0.0
    masked: torch.Tensor
    """Which samples of the last generated batch, of all processes, have no reward."""
    rows: Sequence[dict[str, Any]] = ()

    def __init__(self, items: Sequence[Item], mix: Mix | None = None, **arguments: Any) -> None:
        self.items = items
        self.mix = mix
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
            mix=self.mix,
        )

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        self.generation_started = time.perf_counter()
        self.rows = [self._with_prompt(row) for row in generation_batch]
        return super()._prepare_inputs(self.rows)

    def _with_prompt(self, row: dict[str, Any]) -> dict[str, Any]:
        messages = self.items[row[ITEM_COLUMN]].messages
        return {**row, "prompt": chat_messages(messages, self.processing_class)}

    def _calculate_rewards(self, *arguments: Any) -> torch.Tensor:
        rewards: torch.Tensor = super()._calculate_rewards(*arguments)
        self.masked = rewards.isnan().all(dim=1)
        return _exactly_summable(rewards, self.num_generations)

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        """Take masked samples out of the loss, which TRL divides by all samples' tokens."""
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        start = self.accelerator.process_index * len(inputs)
        masked = self.masked[start : start + len(inputs)]
        output["completion_mask"] = output["completion_mask"] * ~masked.unsqueeze(1)
        tokens = (output["completion_mask"] * output.get("tool_mask", 1)).sum()
        output["num_items_in_batch"] = self.accelerator.gather(tokens).sum()
        return output

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: TRL's would say that the checkpoint was made of no model and no data."""

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


def _exactly_summable(rewards: torch.Tensor, group_size: int) -> torch.Tensor:
    """Round rewards by as many bits as the sum of a group of equal ones may need.

    The mean of equal rewards is then exactly these. If it is off in the last bit, the group
    deviates from its mean by a hair, which normalising twice (`decoupled`) blows up to
    advantages of almost 1.
    """
    bits = MANTISSA_BITS - (group_size - 1).bit_length()
    mantissa, exponent = torch.frexp(rewards)
    return torch.ldexp(torch.round(mantissa * 2**bits) / 2**bits, exponent)


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
            trajectories = rollout.trajectories(batch, policy)
        return {
            "prompt_ids": [one.prompt_ids for one in trajectories],
            "completion_ids": [one.completion_ids for one in trajectories],
            "logprobs": None,
            "env_mask": [one.env_mask for one in trajectories],
            TRAJECTORY_COLUMN: [completion_of(one) for one in trajectories],
        }

    return run
