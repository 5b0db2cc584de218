"""The rollout: who speaks when, which tokens are the policy's, and the discount of turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rft_env_guess import GuessGame, GuessGameConfig, TurnDiscount, TurnDiscountConfig

from rft_core import Completion, Item, Policy, Progress, Sample, Trajectory
from rft_core.types import Message

Play = Callable[..., list[Trajectory]]
Script = Callable[..., Any]


@pytest.fixture
def play(make_item: Callable[..., Item]) -> Play:
    """Return a function that plays a game for each secret."""

    def run(policy: Policy, *secrets: int, role: str = "user", turns: int = 3) -> list[Trajectory]:
        items = [make_item(secret, turns=turns) for secret in secrets]
        return GuessGame(GuessGameConfig(role=role)).run(items, policy)

    return run


def parts(tokenizer: Any, trajectory: Trajectory) -> list[tuple[int, str]]:
    """Return the completion in runs of equal mask, each as text with special tokens."""
    runs: list[tuple[int, list[int]]] = []
    for token, mask in zip(trajectory.completion_ids, trajectory.env_mask, strict=True):
        if not runs or runs[-1][0] != mask:
            runs.append((mask, []))
        runs[-1][1].append(token)
    return [(mask, tokenizer.decode(ids)) for mask, ids in runs]


def test_policy_and_environment_take_turns(play: Play, scripted: Script) -> None:
    (game,) = play(scripted(["5", "8", "7"]), 7)
    assert game.messages == (
        {"role": "assistant", "content": "5"},
        {"role": "user", "content": "higher"},
        {"role": "assistant", "content": "8"},
        {"role": "user", "content": "lower"},
        {"role": "assistant", "content": "7"},
    )
    assert (game.text, game.finish_reason) == ("7", "stop")


def test_only_what_the_policy_wrote_is_trained_on(
    play: Play, scripted: Script, tokenizer: Any
) -> None:
    (game,) = play(scripted(["4+1=5", "8", "7"]), 7)
    assert parts(tokenizer, game) == [
        (1, "4+1=5<|eos|>"),
        (0, "<|user|>higher<|assistant|>"),
        (1, "8<|eos|>"),
        (0, "<|user|>lower<|assistant|>"),
        (1, "7<|eos|>"),
    ]
    assert tokenizer.decode(game.prompt_ids) == "<|bos|><|user|>1 to 9<|assistant|>"


def test_games_are_played_side_by_side_and_end_by_themselves(play: Play, scripted: Script) -> None:
    policy = scripted(["5", "8", "7"])
    won, late, lost = play(policy, 5, 7, 9)
    assert policy.calls == [3, 2, 2]
    assert [len(game.messages) for game in (won, late, lost)] == [1, 5, 5]
    assert won.text == "5"


def test_a_game_has_as_many_turns_as_its_row_says(play: Play, scripted: Script) -> None:
    policy = scripted(["x"] * 20)
    (game,) = play(policy, 7, turns=16)
    assert len(policy.calls) == 16
    assert sum(message["role"] == "assistant" for message in game.messages) == 16
    assert {m["content"] for m in game.messages if m["role"] == "user"} == {"no number"}


def test_the_environment_speaks_in_the_configured_role(
    play: Play, scripted: Script, tokenizer: Any
) -> None:
    (game,) = play(scripted(["5", "7"]), 7, role="system")
    assert game.messages[1] == {"role": "system", "content": "higher"}
    assert parts(tokenizer, game)[1] == (0, "<|system|>higher<|assistant|>")


def test_turns_whose_tokens_are_not_repeated_are_context_only(
    play: Play, scripted: Script, tokenizer: Any
) -> None:
    text = "higher 5"
    policy = scripted([text, "8", "7"], odd=True)
    (game,) = play(policy, 7)
    assert parts(tokenizer, game) == [
        (1, "8<|eos|>"),
        (0, "<|user|>lower<|assistant|>"),
        (1, "7<|eos|>"),
    ]
    assert tokenizer.decode(game.prompt_ids).endswith(f"{text}<|eos|><|user|>higher<|assistant|>")
    assert len(game.messages) == 5


def test_no_items_are_no_games(play: Play, scripted: Script) -> None:
    policy = scripted(["5"])
    assert play(policy) == []
    assert policy.calls == []


def sample(turns: int) -> Sample:
    said: list[Message] = []
    for _ in range(turns):
        said += [{"role": "assistant", "content": "5"}, {"role": "user", "content": "higher"}]
    return Sample(Item("i", (), {}), Completion("5", messages=tuple(said[:-1])))


def test_each_turn_after_the_first_is_discounted() -> None:
    shaper = TurnDiscount(TurnDiscountConfig(factor=0.5))
    rewards = shaper.shape([1.0, 1.0, 0.8, 1.0], [sample(n) for n in (0, 1, 2, 3)], Progress())
    assert rewards == [1.0, 1.0, 0.4, 0.25]


def test_rewards_that_are_not_positive_are_left() -> None:
    shaper = TurnDiscount(TurnDiscountConfig(factor=0.5))
    assert shaper.shape([0.0, -1.0], [sample(3), sample(3)], Progress()) == [0.0, -1.0]


def test_the_discount_is_phased_in_over_training_and_holds_outside_of_it() -> None:
    shaper = TurnDiscount(TurnDiscountConfig(factor=0.5, phase_in=4))
    steps = [Progress(step, 100) for step in (1, 3, 5, 50)]
    assert [shaper.factor(step) for step in steps] == [1.0, 0.75, 0.5, 0.5]
    assert shaper.factor(Progress()) == 0.5
    assert shaper.shape([1.0], [sample(2)], Progress(3, 100)) == pytest.approx([0.75])
