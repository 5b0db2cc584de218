"""The rollouts that come with the core."""

from __future__ import annotations

from collections.abc import Sequence

from rft_core.configurable import PluginConfig
from rft_core.rollout import Generation, Policy, Rollout, Trajectory
from rft_core.types import Item, Message


class SingleTurn(Rollout[PluginConfig]):
    """One prompt, one completion. In training, TRL's own generation stands in for it."""

    name = "single_turn"
    version = "1"

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Sample one completion for each item."""
        return [_trajectory(g) for g in policy.generate([item.messages for item in items])]


class TwoTurnConfig(PluginConfig):
    """What is said to the policy between its first and its second answer."""

    message: str = "Check your answer and give the final one."
    """What is said after the first answer."""
    role: str = "user"
    """Who says it."""


class TwoTurn(Rollout[TwoTurnConfig]):
    """Lets the policy answer, says something from outside, and grades the second answer.

    The policy is trained on what it wrote in both turns and on nothing of what was said to it.
    """

    name = "two_turn"
    version = "1"
    Config = TwoTurnConfig

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Sample two answers for each item."""
        firsts = policy.generate([item.messages for item in items])
        dialogues = [
            (*item.messages, {"role": "assistant", "content": first.text}, self._remark())
            for item, first in zip(items, firsts, strict=True)
        ]
        seconds = policy.generate(dialogues)
        return [
            _joined(first, second, dialogue[len(item.messages) :])
            for item, dialogue, first, second in zip(items, dialogues, firsts, seconds, strict=True)
        ]

    def _remark(self) -> Message:
        return {"role": self.config.role, "content": self.config.message}


def _trajectory(generation: Generation) -> Trajectory:
    return Trajectory(
        text=generation.text,
        prompt_ids=generation.prompt_ids,
        completion_ids=generation.completion_ids,
        env_mask=[1] * len(generation.completion_ids),
        finish_reason=generation.finish_reason,
    )


def _joined(first: Generation, second: Generation, said: tuple[Message, ...]) -> Trajectory:
    """Join both turns into one token sequence, masking what the policy did not write.

    The second prompt repeats the first turn through the chat template. Where the template or the
    tokenizer does not reproduce the tokens that the policy sampled, training on the first turn
    would be training on something else: then only the second turn is trained on.
    """
    turn = first.prompt_ids + first.completion_ids
    answer = {"role": "assistant", "content": second.text}
    if second.prompt_ids[: len(turn)] == turn:
        prompt_ids, heard = first.prompt_ids, second.prompt_ids[len(turn) :]
        completion_ids = first.completion_ids + heard + second.completion_ids
        env_mask = [1] * len(first.completion_ids) + [0] * len(heard)
    else:
        prompt_ids, completion_ids = second.prompt_ids, second.completion_ids
        env_mask = []
    return Trajectory(
        text=second.text,
        prompt_ids=prompt_ids,
        completion_ids=completion_ids,
        env_mask=env_mask + [1] * len(second.completion_ids),
        finish_reason=second.finish_reason,
        messages=(*said, answer),
    )
