"""How completions come about: the rollout and the policy that it samples from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rft_core.configurable import ConfigT, Configurable
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
