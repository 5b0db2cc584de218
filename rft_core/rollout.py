"""How completions come about: the rollout and the policy that it samples from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rft_core.configurable import ConfigT, Configurable
from rft_core.errors import RolloutContractError
from rft_core.types import Item, Message


@dataclass(frozen=True, slots=True)
class Generation:
    """What the policy generated after one prompt.

    `prompt_ids` and `completion_ids` are token ids (without padding; the completion ends with the
    end-of-sequence token if it was not cut), `text` is the completion without special tokens.
    """

    prompt_ids: list[int]
    completion_ids: list[int]
    text: str
    finish_reason: str


class Policy(Protocol):
    """The model being trained or evaluated, as a rollout sees it."""

    def generate(self, prompts: Sequence[Sequence[Message]]) -> list[Generation]:
        """Sample one completion for each prompt (a list of chat messages), in order."""

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a conversation that the model is to continue."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One finished rollout of one item.

    The token sequence `prompt_ids + completion_ids` is what the policy is trained on.
    `env_mask[i]` is 1 where `completion_ids[i]` was written by the policy and 0 where it came from
    outside, such as a tool's message; `text` is what graders see.
    """

    text: str
    prompt_ids: list[int]
    completion_ids: list[int]
    env_mask: list[int]
    finish_reason: str
    messages: tuple[Message, ...] = ()


class Rollout(Configurable[ConfigT], ABC):
    """Produces one trajectory for each item; a group's items stand next to each other."""

    @abstractmethod
    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Return one trajectory per item, in order. Items repeat: once per generation."""

    def trajectories(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Run, and check what comes back: TRL would fill a short mask up with ones.

        Raises `RolloutContractError`.
        """
        found = self.run(items, policy)
        if len(found) != len(items):
            raise RolloutContractError(
                f"rollout {self.name!r} returned {len(found)} trajectories for {len(items)} items"
            )
        for item, one in zip(items, found, strict=True):
            if len(one.env_mask) != len(one.completion_ids):
                raise RolloutContractError(
                    f"rollout {self.name!r} returned an env_mask of {len(one.env_mask)} for "
                    f"{len(one.completion_ids)} completion_ids (item {item.id!r})"
                )
        return found


def join_turns(turns: Sequence[Generation], messages: Sequence[Message]) -> Trajectory:
    """Return what the policy wrote in one or several turns as one trajectory.

    Each turn's prompt repeats the turns before it. `messages` are all turns after the item's
    prompt, the policy's included; graders see the last one as the completion's text.

    What stands between the policy's turns is masked. Where the chat template or the tokenizer does
    not reproduce the tokens that the policy sampled, training on them would be training on
    something else: then what came before is context, and only later turns are trained on.
    """
    prompt_ids: list[int] = []
    completion_ids: list[int] = []
    env_mask: list[int] = []
    for turn in turns:
        before = prompt_ids + completion_ids
        if completion_ids and turn.prompt_ids[: len(before)] == before:
            heard = turn.prompt_ids[len(before) :]
        else:
            prompt_ids, heard = turn.prompt_ids, []
            completion_ids, env_mask = [], []
        completion_ids = completion_ids + heard + turn.completion_ids
        env_mask = env_mask + [0] * len(heard) + [1] * len(turn.completion_ids)
    last = turns[-1]
    return Trajectory(
        last.text, prompt_ids, completion_ids, env_mask, last.finish_reason, tuple(messages)
    )
