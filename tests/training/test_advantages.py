"""What TRL makes of our rewards, held against calculations by hand.

Whole runs of one step: a scripted rollout answers, scripted graders score, and the advantages and
gradients are those of TRL's trainer.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, TypeAlias

import pytest

from rft_core.configurable import PluginConfig
from rft_core.errors import TaskFileError
from rft_core.hookspecs import hookimpl
from rft_core.plugins import PluginManager
from rft_core.rollout import Policy, Rollout, Trajectory
from rft_core.task.task import load_task
from rft_core.types import Item

Score: TypeAlias = "float | str | None"
"""What a scripted grader does: a score, None (not applicable) or "error" (raises)."""
Rewards: TypeAlias = Sequence[float | None]

GROUP = 4
OFFSET = 1e-4
"""What TRL adds to standard deviations."""
GRADERS = """
def _scripted(name):
    def grade(sample):
        score = sample.item.fields[name][int(sample.text[0])]
        if score == "error":
            raise RuntimeError("the service is down")
        return score

    return grade


gate, first, second, third = map(_scripted, ("gate", "first", "second", "third"))
"""


class Scripted(Rollout[PluginConfig]):
    """Answers with the number of the completion in its group and the row's tail for it."""

    name = "scripted"

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        return [
            _trajectory(policy.encode(item.messages), i % _group_size(items), item)
            for i, item in enumerate(items)
        ]


def _group_size(items: Sequence[Item]) -> int:
    return next(len(v) for v in items[0].fields.values() if isinstance(v, list))


def _trajectory(prompt: list[int], number: int, item: Item) -> Trajectory:
    text = str(number) + item.fields.get("tails", {}).get(str(number), "")
    tokens = [3 + string.printable.index(letter) for letter in text] + [2]
    return Trajectory(text, prompt, tokens, [1] * len(tokens), "stop")


class Plugin:
    @hookimpl
    def rft_register_rollouts(self) -> list[type[Rollout[Any]]]:
        return [Scripted]


@dataclass
class Seen:
    """What TRL's trainer worked out in one step."""

    advantages: list[float] = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)
    loss: float = 0.0
    logs: dict[str, float] = field(default_factory=dict)


Step: TypeAlias = Callable[..., Seen]


@pytest.fixture
def step(
    toy_task: Callable[..., Path],
    train_task: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Step:
    """Return a function that trains one step on rows of scripted scores."""
    import rft_core.plugins
    import rft_core.training.run
    from rft_core.training.trainer import RFTTrainer

    plugins = PluginManager("rft_nothing_is_installed_here")
    plugins.register(Plugin(), "tests", "tests 0")
    monkeypatch.setattr(rft_core.plugins, "_manager", plugins)

    def take(*rows: dict[str, Any], train: dict[str, Any] | None = None, **sections: Any) -> Seen:
        seen = Seen()

        class Watched(RFTTrainer):
            def _generate_and_score_completions(self, inputs: Any) -> Any:
                output = super()._generate_and_score_completions(inputs)
                seen.advantages = output["advantages"].tolist()
                return output

            def training_step(self, model: Any, *arguments: Any, **settings: Any) -> Any:
                loss = super().training_step(model, *arguments, **settings)
                seen.loss = loss.item()
                seen.gradients = {n: p.grad.clone() for n, p in model.named_parameters()}
                return loss

        monkeypatch.setattr(rft_core.training.run, "RFTTrainer", Watched)
        task = toy_task(
            data={"train": "train.jsonl"},
            rollout={"use": "scripted"},
            train={
                "max_steps": 1,
                "num_generations": GROUP,
                "per_device_train_batch_size": GROUP * len(rows),
                "shuffle_dataset": False,
                **(train or {}),
            },
            max_error_rate=1.0,
            **sections,
        )
        (tmp_path / "scripted.py").write_text(GRADERS)
        numbered = ({"id": f"r{i}", "question": f"say {i}"} | row for i, row in enumerate(rows))
        lines = (json.dumps(row) + "\n" for row in numbered)
        (tmp_path / "train.jsonl").write_text("".join(lines))
        run = train_task(task, f"run-{len(list(tmp_path.glob('run-*')))}")
        seen.logs = run.train_rows[0]["trl"]
        return seen

    return take


def graders(**settings: dict[str, Any]) -> dict[str, Any]:
    """Return a reward of scripted graders."""
    return {
        "graders": {
            name: {"use": "function", "config": {"path": f"scripted.py:{name}"}} | more
            for name, more in settings.items()
        }
    }


ONE = graders(first={})


def rows_of(*groups: Sequence[Score]) -> list[dict[str, Any]]:
    return [{"first": list(group)} for group in groups]


def known(values: Rewards) -> list[float]:
    return [value for value in values if value is not None]


def spread(values: Rewards) -> float | None:
    """The standard deviation with n - 1; None where there is none."""
    return stdev(known(values)) if len(known(values)) > 1 else None


def normalised(values: Rewards) -> list[float | None]:
    """Distance from the mean in standard deviations; None where there is none of either."""
    deviation = spread(values)
    if deviation is None:
        return [None] * len(values)
    mean = fmean(known(values))
    return [None if v is None else (v - mean) / (deviation + OFFSET) for v in values]


def zero_for_none(values: Rewards) -> list[float]:
    return [0.0 if value is None else value for value in values]


def by_group(*groups: Rewards) -> list[float]:
    return [a for group in groups for a in zero_for_none(normalised(group))]


def by_batch(*groups: Rewards) -> list[float]:
    """The group's mean, the batch's deviation."""
    deviation = spread([reward for group in groups for reward in group])
    assert deviation is not None
    return [
        0.0 if reward is None else (reward - fmean(known(group))) / (deviation + OFFSET)
        for group in groups
        for reward in group
    ]


def unscaled(*groups: Rewards) -> list[float]:
    return [0.0 if r is None else r - fmean(known(g)) for g in groups for r in g]


def decoupled(*groups: Sequence[tuple[float, Rewards]]) -> list[float]:
    """Each group is a list of columns, a weight and the scores; then the batch is normalised."""
    sums: list[float | None] = []
    for columns in groups:
        parts = [[0.0 if v is None else w * v for v in normalised(c)] for w, c in columns]
        for number in range(GROUP):
            masked = all(scores[number] is None for _, scores in columns)
            sums.append(None if masked else sum(part[number] for part in parts))
    return zero_for_none(normalised(sums))


def close(expected: Sequence[float]) -> Any:
    return pytest.approx(expected, abs=2e-5)


BATCH: Sequence[Sequence[Score]] = [
    [1.0, 0.0, 0.5, 0.25],
    [1.0, "error", 0.5, "error"],  # two masked
    ["error", "error", 0.9, "error"],  # one left
    ["error", "error", "error", "error"],  # none left
    [None, 0.3, 0.2, None],  # not applicable
    [0.7, 0.7, 0.7, 0.7],
    [0.1, "error", 0.1, 0.1],
    [-3.0, 8.0, 0.0, "error"],
]


def without_outcomes(batch: Sequence[Sequence[Score]]) -> list[list[float | None]]:
    return [[score if isinstance(score, float) else None for score in group] for group in batch]


@pytest.mark.parametrize(
    ("scale", "expected"), [("group", by_group), ("batch", by_batch), ("none", unscaled)]
)
def test_advantages_leave_masked_samples_out(
    scale: str, expected: Callable[..., list[float]], step: Step
) -> None:
    seen = step(*rows_of(*BATCH), reward=ONE, train={"scale_rewards": scale})
    assert seen.advantages == close(expected(*without_outcomes(BATCH)))
    masked = [score in {"error", None} for group in BATCH for score in group]
    assert {a for a, none in zip(seen.advantages, masked, strict=True) if none} == {0.0}


def test_the_calculation_by_hand_is_right() -> None:
    # Mean 0.5 of three, deviation sqrt((0.25 + 0.25 + 0) / 2) = 0.5.
    assert by_group([1.0, 0.0, None, 0.5]) == close([1 / 1.0002, -1 / 1.0002, 0.0, 0.0])
    assert unscaled([1.0, 0.0, None, 0.5]) == [0.5, -0.5, 0.0, 0.0]


@pytest.mark.parametrize("sections", [{}, {"decoupled": True}], ids=["summed", "decoupled"])
def test_tied_groups_teach_nothing(sections: dict[str, Any], step: Step) -> None:
    tied = [0.7] * 8, [0.1, "error", *[0.1] * 6], [1 / 3] * 8, [1e-3] * 5 + [None] * 3, [-17.3] * 8
    size = {"num_generations": 8, "per_device_train_batch_size": 8 * len(tied)}
    seen = step(*rows_of(*tied), reward=ONE, train=size, **sections)
    assert seen.advantages == [0.0] * 8 * len(tied)
    assert seen.logs["frac_reward_zero_std"] == 1.0


def test_penalties_and_closed_gates_are_rewards_like_others(step: Step) -> None:
    reward = graders(
        gate={"gate": {"min": 1.0, "reward": -0.5}}, first={"on_error": {"penalize": -1.0}}
    )
    row = {"gate": [1, 0, 1, 1], "first": [1.0, 0.9, "error", 0.5]}
    seen = step(row, reward=reward)
    assert seen.advantages == close(by_group([1.0, -0.5, -1.0, 0.5]))


TWO = graders(first={"weight": 2.0}, second={"weight": 0.5})


def test_decoupled_columns_are_normalised_by_themselves(step: Step) -> None:
    rows = [
        {"first": [1.0, 0.0, 0.5, 0.0], "second": [3.0, 9.0, 5.0, 1.0]},
        {"first": [0.0, 0.0, 0.0, 1.0], "second": [2.0, 2.0, 2.0, 2.0]},
    ]
    seen = step(*rows, reward=TWO, decoupled=True)
    assert seen.advantages == close(
        decoupled(*([(2.0, row["first"]), (0.5, row["second"])] for row in rows))
    )


def test_decoupled_masked_samples_are_in_no_column(step: Step) -> None:
    rows = [
        {"first": [1.0, 0.0, "error", 0.25], "second": [3.0, 9.0, 100.0, 1.0]},
        {"first": ["error"] * 4, "second": [3.0, 9.0, 5.0, 1.0]},
        {"first": [0.0, "error", "error", "error"], "second": [2.0, 7.0, 5.0, 1.0]},
    ]
    seen = step(*rows, reward=TWO, decoupled=True)
    nothing: Rewards = [None] * 4
    assert seen.advantages == close(
        decoupled(
            [(2.0, [1.0, 0.0, None, 0.25]), (0.5, [3.0, 9.0, None, 1.0])],
            [(2.0, nothing), (0.5, nothing)],
            [(2.0, [0.0, None, None, None]), (0.5, [2.0, None, None, None])],
        )
    )
    assert seen.advantages[2] == 0.0
    assert seen.advantages[4:8] == [0.0] * 4


def test_decoupled_not_applicable_leaves_one_column_out(step: Step) -> None:
    rows = [
        {"first": [1.0, 0.0, 0.5, 0.25], "second": [None] * 4},
        {"first": [1.0, 0.0, 0.5, 0.25], "second": [3.0, None, None, 1.0]},
        {"first": [1.0, 0.0, 0.5, 0.25], "second": [None, None, None, 1.0]},
    ]
    seen = step(*rows, reward=TWO, decoupled=True)
    assert seen.advantages == close(
        decoupled(*([(2.0, row["first"]), (0.5, row["second"])] for row in rows))
    )


def test_decoupled_penalties_and_closed_gates_are_in_every_column(step: Step) -> None:
    reward = graders(
        gate={"gate": {"min": 1.0, "reward": -0.5}},
        first={"weight": 2.0, "on_error": {"penalize": -1.0}},
        second={"weight": 0.5},
    )
    row = {
        "gate": [1, 0, 1, 1],
        "first": [1.0, 0.9, "error", 0.25],
        "second": [3.0, 9.0, 5.0, 1.0],
    }
    seen = step(row, reward=reward, decoupled=True)
    assert seen.advantages == close(
        decoupled([(2.0, [1.0, -0.5, -1.0, 0.25]), (0.5, [3.0, -0.5, -1.0, 1.0])])
    )


MIXED = [
    {"task": "plain", "first": [1.0, 0.0, "error", 0.25]},
    {"task": "pair", "second": [3.0, 9.0, 5.0, None], "third": [0.0, 0.0, 1.0, 0.4]},
    {"task": "plain", "first": [0.6, 0.6, 0.6, 0.6]},
    {"task": "pair", "second": [3.0, "error", 5.0, 4.0], "third": [0.0, 0.0, 1.0, 0.4]},
]
REWARDS = {
    "plain": graders(first={"weight": 3.0}),
    "pair": graders(second={"weight": 0.5}, third={}),
}


def test_mixed_tasks_are_normalised_in_their_own_groups(step: Step) -> None:
    seen = step(*MIXED, reward=None, rewards=REWARDS)
    assert seen.advantages == close(
        by_group(
            [3.0, 0.0, None, 0.75],
            [1.5, 4.5, 3.5, 0.6],  # the last one's weight is scaled from 1 to 1.5
            [1.8] * 4,
            [1.5, None, 3.5, 2.4],
        )
    )


def test_decoupled_mixed_tasks_have_columns_of_their_own(step: Step) -> None:
    seen = step(*MIXED, reward=None, rewards=REWARDS, decoupled=True)
    assert seen.advantages == close(
        decoupled(
            [(3.0, [1.0, 0.0, None, 0.25])],
            [(0.5, [3.0, 9.0, 5.0, None]), (1.0, [0.0, 0.0, 1.0, 0.4])],
            [(3.0, [0.6] * 4)],
            [(0.5, [3.0, None, 5.0, 4.0]), (1.0, [0.0, None, 1.0, 0.4])],
        )
    )


MASKED_ROW = {"first": [1.0, 0.0, "error", 0.5]}


@pytest.mark.parametrize(
    "settings",
    [{"loss_type": kind} for kind in ("grpo", "bnpo", "dapo", "dr_grpo")]
    + [{"beta": 0.1}, {"multi": True}],
    ids=str,
)
def test_the_gradient_does_not_depend_on_what_a_masked_sample_says(
    settings: dict[str, Any], step: Step
) -> None:
    import torch

    sections = {"decoupled": True} if settings.pop("multi", False) else {}
    one, other, heard = (
        step(
            {"first": scores, "tails": {"1": "ab", "2": tail, "3": "c"}},
            rows_of([0.0, 1.0, 1.0, 0.0])[0],
            reward=ONE,
            train=settings,
            **sections,
        )
        for scores, tail in (
            (MASKED_ROW["first"], ""),
            (MASKED_ROW["first"], "xyzzy"),
            ([1.0, 0.0, 0.9, 0.5], "xyzzy"),
        )
    )
    assert one.loss == pytest.approx(other.loss, abs=1e-7)
    for name, gradient in one.gradients.items():
        torch.testing.assert_close(gradient, other.gradients[name], rtol=1e-4, atol=1e-6)
    assert any(not torch.allclose(g, heard.gradients[n]) for n, g in one.gradients.items())


def test_scale_rewards_beside_decoupled_is_told(
    toy_task: Callable[..., Path],
) -> None:
    from rft_core.training.plan import plan_run

    path = toy_task(decoupled=True, train={"scale_rewards": "none"})
    with pytest.raises(TaskFileError, match=r"train\.scale_rewards: decoupled rewards are"):
        plan_run(load_task(path))
