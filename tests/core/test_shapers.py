"""The shapers of the core, against values calculated by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rft_core.reward.shapers import Clip, LengthPenalty, Schedule
from rft_core.types import Completion, Item, Progress, Sample


def sample(num_tokens: int | None) -> Sample:
    return Sample(Item("row-7", (), {}), Completion("text", num_tokens))


def length_penalty(num_tokens: int | None, **config: Any) -> float:
    (reward,) = LengthPenalty.from_config(config).shape([1.0], [sample(num_tokens)], Progress())
    return float(reward)


def test_clip() -> None:
    clip = Clip.from_config({"min": -1, "max": 0.5})
    rewards = [-3.0, -1.0, 0.0, 0.5, 0.7]
    assert clip.shape(rewards, [sample(1)] * 5, Progress()) == [-1.0, -1.0, 0.0, 0.5, 0.5]


def test_clip_is_to_0_and_1_by_default() -> None:
    assert Clip.from_config({}).shape([-1.0, 2.0], [sample(1)] * 2, Progress()) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("num_tokens", "reward"),
    [(0, 1.0), (199, 1.0), (200, 1.0), (225, 0.5), (210, 0.8), (250, 0.0), (10_000, 0.0)],
)
def test_length_penalty_grows_over_a_quarter_by_default(num_tokens: int, reward: float) -> None:
    assert length_penalty(num_tokens, max_tokens=200) == pytest.approx(reward)


@pytest.mark.parametrize(("num_tokens", "reward"), [(100, 1.0), (105, 0.75), (110, 0.5)])
def test_length_penalty_with_its_own_buffer(num_tokens: int, reward: float) -> None:
    config = {"max_tokens": 100, "buffer": 10, "penalty": 0.5}
    assert length_penalty(num_tokens, **config) == pytest.approx(reward)


def test_length_penalty_of_a_tiny_limit_has_a_buffer() -> None:
    assert length_penalty(3, max_tokens=2) == 0.0


def test_length_penalty_needs_a_length() -> None:
    with pytest.raises(ValueError, match="item 'row-7' has no number of tokens"):
        length_penalty(None, max_tokens=200)


@pytest.mark.parametrize(
    ("config", "step", "factor"),
    [
        ({}, 1, 0.0),
        ({}, 51, 0.5),
        ({}, 101, 1.0),
        ({"steps": 10}, 6, 0.5),
        ({"steps": 10}, 11, 1.0),
        ({"steps": 10}, 90, 1.0),
        ({"steps": 10, "start": 1.0, "end": 0.2}, 6, 0.6),
        ({"steps": 10, "kind": "cosine"}, 1, 0.0),
        ({"steps": 10, "kind": "cosine"}, 6, 0.5),
        ({"steps": 3, "kind": "cosine"}, 2, 0.25),
        ({"steps": 10, "kind": "cosine"}, 50, 1.0),
        ({"start": 0.3, "end": 0.9}, 0, 0.9),
    ],
)
def test_schedule(config: dict[str, Any], step: int, factor: float) -> None:
    shaper = Schedule.from_config(config)
    (reward,) = shaper.shape([2.0], [sample(1)], Progress(step, 100))
    assert reward == pytest.approx(2 * factor)


def test_schedule_without_a_run_is_at_its_end() -> None:
    assert Schedule.from_config({"start": 0.1, "end": 0.7}).factor(Progress()) == 0.7


@pytest.mark.parametrize(
    ("shaper", "config"),
    [
        (Clip, {"min": 2, "max": 1}),
        (Clip, {"min": float("nan")}),
        (Clip, {"max": float("inf")}),
        (LengthPenalty, {}),
        (LengthPenalty, {"max_tokens": 0}),
        (LengthPenalty, {"max_tokens": 9, "buffer": 0}),
        (LengthPenalty, {"max_tokens": 9, "penalty": -1}),
        (Schedule, {"steps": 0}),
        (Schedule, {"kind": "square"}),
        (Schedule, {"begin": 1}),
    ],
)
def test_bad_configs_are_refused(shaper: Any, config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shaper.from_config(config)
