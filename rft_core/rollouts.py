"""The rollouts that come with the core."""

from __future__ import annotations

from collections.abc import Sequence

from rft_core.configurable import PluginConfig
from rft_core.rollout import Generation, Policy, Rollout, Trajectory, join_turns
from rft_core.types import Item, Message


class SingleTurn(Rollout[PluginConfig]):
    """One prompt, one completion. In training, TRL's own generation stands in for it."""

    name = "single_turn"
    version = "1"

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Sample one completion for each item."""
        return [join_turns([g], ()) for g in policy.generate([item.messages for item in items])]


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
            (*item.messages, _answer(first), self._remark())
            for item, first in zip(items, firsts, strict=True)
        ]
        seconds = policy.generate(dialogues)
        return [
            join_turns([first, second], (*dialogue[len(item.messages) :], _answer(second)))
            for item, dialogue, first, second in zip(items, dialogues, firsts, seconds, strict=True)
        ]

    def _remark(self) -> Message:
        return {"role": self.config.role, "content": self.config.message}


def _answer(turn: Generation) -> Message:
    return {"role": "assistant", "content": turn.text}
