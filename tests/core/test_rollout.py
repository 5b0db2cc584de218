"""Rollouts: turns become trajectories, and what a rollout may not return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rft_core import Generation, Item, PluginConfig, Rollout, RolloutContractError, join_turns
from rft_core.rollout import Policy, Trajectory

ITEMS = [Item(name, (), {}) for name in ("a", "b")]


def test_one_turn() -> None:
    joined = join_turns([Generation([1, 2], [3, 4], "5", "stop")], ())
    assert joined == Trajectory("5", [1, 2], [3, 4], [1, 1], "stop")


def test_what_stands_between_turns_is_masked_and_a_cut_turn_is_trained_on() -> None:
    first = Generation([1, 2], [3, 4], "5", "length")
    second = Generation([1, 2, 3, 4, 9, 8], [5, 9], "7", "stop")
    third = Generation([1, 2, 3, 4, 9, 8, 5, 9, 6], [7], "8", "stop")
    messages = [{"role": "assistant", "content": text} for text in "578"]
    joined = join_turns([first, second, third], messages)
    assert joined.prompt_ids == [1, 2]
    assert joined.completion_ids == [3, 4, 9, 8, 5, 9, 6, 7]
    assert joined.env_mask == [1, 1, 0, 0, 1, 1, 0, 1]
    assert (joined.text, joined.finish_reason) == ("8", "stop")
    assert joined.messages == tuple(messages)


def test_turns_whose_tokens_are_not_repeated_are_context_only() -> None:
    first = Generation([1], [3, 4], "5", "stop")
    second = Generation([1, 7, 9], [5], "7", "stop")
    joined = join_turns([first, second], ())
    assert (joined.prompt_ids, joined.completion_ids, joined.env_mask) == ([1, 7, 9], [5], [1])


class Fixed(Rollout[PluginConfig]):
    name = "fixed"
    found: Sequence[Trajectory]

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        return list(self.found)


RIGHT = Trajectory("x", [1], [2, 3], [1, 0], "stop")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([RIGHT], "1 trajectories for 2 items"),
        ([RIGHT, replace(RIGHT, env_mask=[1])], r"env_mask of 1 for 2 completion_ids \(item 'b'"),
    ],
)
def test_what_a_rollout_may_not_return_is_told(found: Any, told: str) -> None:
    rollout = Fixed(PluginConfig())
    rollout.found = found
    with pytest.raises(RolloutContractError, match=told):
        rollout.trajectories(ITEMS, policy=None)  # type: ignore[arg-type]


def test_right_trajectories_are_passed_on() -> None:
    rollout = Fixed(PluginConfig())
    rollout.found = [RIGHT, RIGHT]
    assert rollout.trajectories(ITEMS, policy=None) == [RIGHT, RIGHT]  # type: ignore[arg-type]
