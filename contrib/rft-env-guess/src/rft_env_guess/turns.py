"""Several generations as one sequence of tokens, and the turns of a finished game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rft_core import Completion, Generation


class Tokens(NamedTuple):
    """What is trained on; `env_mask` has an element for each of `completion_ids`."""

    prompt_ids: list[int]
    completion_ids: list[int]
    env_mask: list[int]


def join(generations: Sequence[Generation]) -> Tokens:
    """Join the turns of one dialogue; tokens between them are masked.

    Each prompt repeats the turns before it through the chat template. Where that does not give the
    tokens that the policy sampled, what came before is context only and is not trained on.
    """
    joined = Tokens([], [], [])
    for turn in generations:
        before = joined.prompt_ids + joined.completion_ids
        if joined.completion_ids and turn.prompt_ids[: len(before)] == before:
            heard = turn.prompt_ids[len(before) :]
            prompt_ids = joined.prompt_ids
            completion_ids = joined.completion_ids + heard
            env_mask = joined.env_mask + [0] * len(heard)
        else:
            prompt_ids, completion_ids, env_mask = turn.prompt_ids, [], []
        joined = Tokens(
            prompt_ids,
            completion_ids + turn.completion_ids,
            env_mask + [1] * len(turn.completion_ids),
        )
    return joined


def policy_turns(completion: Completion) -> list[str]:
    """Return what the policy said in each turn; one turn where the turns are not known."""
    turns = [str(m["content"]) for m in completion.messages if m["role"] == "assistant"]
    return turns or [completion.text]
