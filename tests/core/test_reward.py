"""A reward as a whole: stages, policies, shapers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rft_core.configurable import PluginConfig
from rft_core.errors import GraderContractError, GradingAbortedError, RunStopError
from rft_core.reward.composition import FormulaComposition, Gate, WeightedSum
from rft_core.reward.formula import parse_formula
from rft_core.reward.reward import Reward
from rft_core.reward.shaper import RewardShaper
from rft_core.types import Grade, GradedSample, Progress, Sample

MakeReward = Callable[..., Reward]
GradeReward = Callable[..., list[GradedSample]]


class Recording:
    """A grader that notes what it was asked, and scores by the completion's length."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, sample: Sample) -> float:
        self.seen.append(sample.text)
        return len(sample.text) / 10


def breaks(_: Sample) -> float:
    raise RuntimeError("the service is down")


def breaks_on_b(sample: Sample) -> float:
    return breaks(sample) if sample.text == "b" else 1.0


def formula(text: str, *names: str) -> FormulaComposition:
    return FormulaComposition(parse_formula(text, frozenset(names)))


def test_weights(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    weights = WeightedSum({"a": 2.0, "b": -1.0})
    (graded,) = grade_reward(make_reward({"a": 0.5, "b": 0.25}, weights))
    assert (graded.composed, graded.reward, graded.masked) == (0.75, 0.75, None)
    assert graded.contributions == {"a": 1.0, "b": -0.25}
    assert graded.grades == {"a": Grade(0.5), "b": Grade(0.25)}


def test_scores_are_logged_without_weights(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    (graded,) = grade_reward(make_reward({"a": 0.5}, WeightedSum({"a": 3.0})))
    assert graded.grades["a"] == Grade(0.5)
    assert graded.contributions == {"a": 1.5}


def test_weights_are_renormalised_for_each_sample_by_itself(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    graders = {"a": lambda s: None if s.text == "x" else 1.0, "b": 0.5}
    first, second = grade_reward(make_reward(graders), ["x", "y"])
    assert first.reward == 1.0
    assert first.contributions == {"a": None, "b": 1.0}
    assert second.reward == 1.5


def test_a_sample_that_no_grader_applies_to_is_masked(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    (graded,) = grade_reward(make_reward({"a": None, "b": None}))
    assert (graded.composed, graded.reward) == (None, None)
    assert graded.masked == "no grader applies to the item"
    assert graded.errors == []


def test_order_is_kept(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    texts = ["x" * n for n in (3, 1, 5, 2, 4)]
    graded = grade_reward(make_reward({"a": Recording(), "b": Recording()}), texts)
    assert [one.sample.text for one in graded] == texts
    assert [one.reward for one in graded] == [0.6, 0.2, 1.0, 0.4, 0.8]


def test_no_samples(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    assert grade_reward(make_reward({"a": 1.0}), []) == []


def test_gated_samples_never_reach_later_graders(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    expensive = Recording()
    reward = make_reward(
        {"expensive": expensive, "gate": lambda s: float(s.text.startswith("y"))},
        WeightedSum({"expensive": 1.0}),
        gates={"gate": Gate(1.0, reward=-0.5)},
    )
    graded = grade_reward(reward, ["no", "yes", "never", "yeah"])
    assert expensive.seen == ["yes", "yeah"]
    assert [one.reward for one in graded] == [-0.5, 0.3, -0.5, 0.4]
    assert [one.failed_gate for one in graded] == ["gate", None, "gate", None]
    assert graded[0].grades == {"expensive": None, "gate": Grade(0.0)}
    assert graded[0].contributions == {}
    assert graded[0].masked is None


def test_if_no_sample_passes_later_graders_do_not_run(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    later = Recording()
    reward = make_reward(
        {"gate": 0.0, "later": later}, WeightedSum({"later": 1.0}), gates={"gate": Gate(0.5)}
    )
    assert [one.reward for one in grade_reward(reward, ["a", "b"])] == [0.0, 0.0]
    assert later.seen == []


def test_a_gate_sees_only_what_passed_those_before(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    second, third = Recording(), Recording()
    reward = make_reward(
        {"third": third, "second": second, "first": lambda s: float(s.text != "no")},
        WeightedSum({"third": 1.0}),
        gates={"first": Gate(1.0, reward=-1.0), "second": Gate(0.5, reward=-2.0)},
    )
    graded = grade_reward(reward, ["no", "yes", "certainly"])
    assert [one.reward for one in graded] == [-1.0, -2.0, 0.9]
    assert [one.failed_gate for one in graded] == ["first", "second", None]
    assert (second.seen, third.seen) == (["yes", "certainly"], ["certainly"])
    assert graded[0].grades == {"third": None, "second": None, "first": Grade(0.0)}


def test_a_gate_that_does_not_apply_lets_the_sample_pass(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    reward = make_reward(
        {"gate": None, "a": 0.5}, WeightedSum({"a": 1.0}), gates={"gate": Gate(1.0)}
    )
    (graded,) = grade_reward(reward)
    assert (graded.reward, graded.failed_gate) == (0.5, None)


def test_a_gate_may_have_a_weight_too(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    reward = make_reward({"gate": 1.0, "a": 0.5}, gates={"gate": Gate(1.0)})
    (graded,) = grade_reward(reward)
    assert graded.reward == 1.5
    assert graded.contributions == {"gate": 1.0, "a": 0.5}


def test_a_gate_that_fails_to_grade_masks_and_nothing_runs_after_it(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    later = Recording()
    reward = make_reward(
        {"gate": breaks_on_b, "later": later},
        WeightedSum({"later": 1.0}),
        gates={"gate": Gate(1.0)},
    )
    graded = grade_reward(reward, ["a", "b"])
    assert [one.reward for one in graded] == [0.1, None]
    assert graded[1].failed_gate is None
    assert graded[1].grades["later"] is None
    assert "the service is down" in str(graded[1].masked)
    assert later.seen == ["a"]


@pytest.mark.parametrize(
    ("order", "reward"), [(("broken", "closed"), None), (("closed", "broken"), -0.5)]
)
def test_the_first_gate_that_fails_or_closes_decides(
    make_reward: MakeReward,
    grade_reward: GradeReward,
    order: tuple[str, str],
    reward: float | None,
) -> None:
    gated = make_reward(
        {"closed": 0.0, "broken": breaks, "a": 1.0},
        WeightedSum({"a": 1.0}),
        gates={name: Gate(1.0, reward=-0.5) for name in order},
    )
    (graded,) = grade_reward(gated)
    assert graded.reward == reward
    assert graded.grades[order[1]] is None


def test_an_error_masks_only_its_sample(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    graded = grade_reward(make_reward({"a": 1.0, "flaky": breaks_on_b}), ["a", "b", "c"])
    assert [one.reward for one in graded] == [2.0, None, 2.0]
    assert [len(one.errors) for one in graded] == [0, 1, 0]
    assert graded[1].grades["a"] == Grade(1.0)


def test_a_penalty_is_the_reward_of_a_sample_that_could_not_be_graded(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    reward = make_reward({"a": 1.0, "flaky": breaks_on_b}, on_error={"flaky": -1.0})
    graded = grade_reward(reward, ["a", "b"])
    assert [one.reward for one in graded] == [2.0, -1.0]
    assert graded[1].masked is None
    assert len(graded[1].errors) == 1


def test_masking_beats_penalties(make_reward: MakeReward, grade_reward: GradeReward) -> None:
    graders = {"a": breaks, "b": breaks}
    (graded,) = grade_reward(make_reward(graders, on_error={"a": -1.0}))
    assert graded.reward is None
    (graded,) = grade_reward(make_reward(graders, on_error={"a": -1.0, "b": -3.0}))
    assert graded.reward == -3.0


def test_abort_beats_everything_and_names_grader_item_and_cause(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    reward = make_reward({"a": breaks, "b": breaks}, on_error={"a": -1.0, "b": "abort"})
    with pytest.raises(GradingAbortedError) as caught:
        grade_reward(reward)
    text = str(caught.value)
    assert "grader 'b' of acme-graders 1.2: exception: RuntimeError" in text
    assert "item 'item'" in text
    assert "Traceback" in text


def out_of_money(_: Sample) -> float:
    raise RunStopError("the budget is spent")


def test_a_spent_budget_ends_the_run_whatever_on_error_says(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    graders = {"a": 1.0, "judge": out_of_money}
    reward = make_reward(graders, on_error={"judge": -1.0}, observers=frozenset({"judge"}))
    with pytest.raises(RunStopError, match="grader 'judge': the budget is spent"):
        grade_reward(reward)


def test_abort_does_nothing_while_the_grader_works(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    (graded,) = grade_reward(make_reward({"a": 1.0}, on_error={"a": "abort"}))
    assert graded.reward == 1.0


@pytest.mark.parametrize("composition", [WeightedSum({"a": 1.0}), formula("a", "a")])
def test_observers_that_fail_have_no_say(
    make_reward: MakeReward, grade_reward: GradeReward, composition: Any
) -> None:
    reward = make_reward({"a": 0.5, "o": breaks}, composition, observers=frozenset({"o"}))
    (graded,) = grade_reward(reward)
    assert (graded.reward, graded.masked) == (0.5, None)
    assert len(graded.errors) == 1


@pytest.mark.parametrize("score", [None, 9.0, -9.0])
def test_observers_have_no_say(
    make_reward: MakeReward, grade_reward: GradeReward, score: float | None
) -> None:
    reward = make_reward(
        {"a": 0.5, "o": score}, WeightedSum({"a": 1.0}), observers=frozenset({"o"})
    )
    (graded,) = grade_reward(reward)
    assert graded.reward == 0.5
    assert graded.contributions == {"a": 0.5}
    assert graded.grades["o"] == Grade(score)


def test_an_observer_that_the_formula_reads_is_no_0_when_it_fails(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    reward = make_reward(
        {"a": 0.5, "o": breaks}, formula("a + o", "a", "o"), observers=frozenset({"o"})
    )
    (graded,) = grade_reward(reward)
    assert graded.reward is None


def test_a_formula_that_has_no_value_masks_and_is_never_0(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    graders = {"a": lambda sample: float(sample.text)}
    graded = grade_reward(make_reward(graders, formula("1 / a", "a")), ["2", "0", "4"])
    assert [one.reward for one in graded] == [0.5, None, 0.25]
    assert graded[1].masked == "formula: float division by zero"
    assert graded[1].contributions == {}


def test_a_formula_with_a_grader_that_does_not_apply_masks(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    (graded,) = grade_reward(make_reward({"a": None, "b": 1.0}, formula("a + b", "a", "b")))
    assert (graded.reward, graded.masked) == (None, "not applicable: a")


class Shaper(RewardShaper[PluginConfig]):
    """Shapes with a function, and notes what it was given."""

    name = "test_shaper"

    def __init__(self, function: Callable[[float], Any]) -> None:
        super().__init__(PluginConfig())
        self.function = function
        self.seen: list[tuple[list[float], list[str], Progress]] = []

    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> Sequence[float]:
        self.seen.append((list(rewards), [sample.text for sample in samples], progress))
        return [self.function(reward) for reward in rewards]


def test_shapers_run_in_order_and_leave_the_composed_reward(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    shapers = [Shaper(lambda reward: reward + 1), Shaper(lambda reward: reward * 10)]
    (graded,) = grade_reward(make_reward({"a": 0.5}, shapers=shapers))
    assert (graded.composed, graded.reward) == (0.5, 15.0)


def test_shapers_never_see_masked_samples(
    make_reward: MakeReward, grade_reward: GradeReward
) -> None:
    shaper = Shaper(lambda reward: reward + 1)
    progress = Progress(3, 9)
    reward = make_reward({"a": breaks_on_b}, shapers=[shaper])
    graded = grade_reward(reward, ["a", "b", "c"], progress)
    assert [one.reward for one in graded] == [2.0, None, 2.0]
    assert shaper.seen == [([1.0, 1.0], ["a", "c"], progress)]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e31])
def test_a_shaper_that_returns_no_number_is_named(
    make_reward: MakeReward, grade_reward: GradeReward, bad: float
) -> None:
    with pytest.raises(GraderContractError, match="'test_shaper' returned"):
        grade_reward(make_reward({"a": 0.5}, shapers=[Shaper(lambda _: bad)]))


def test_a_shaper_that_loses_rewards_is_named(
    make_reward: MakeReward, grade_reward: GradeReward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shaper, "shape", lambda *_: [1.0])
    reward = make_reward({"a": 0.5}, shapers=[Shaper(float)])
    with pytest.raises(GraderContractError, match="returned 1 rewards for 2 samples"):
        grade_reward(reward, ["a", "b"])


def test_closing_closes_every_grader_even_if_one_fails_to(make_reward: MakeReward) -> None:
    closed: list[str] = []
    reward = make_reward({"a": 1.0, "b": 1.0})
    graders = [runner.call.grader for runner in reward.runners.values()]

    def fail() -> None:
        raise OSError("cannot close")

    graders[0].close = fail  # type: ignore[method-assign]
    graders[1].close = lambda: closed.append("b")  # type: ignore[method-assign]
    with pytest.raises(OSError, match="cannot close"):
        reward.close()
    assert closed == ["b"]
