"""What a grading adds up to: exact, and the same however it was cut into chunks."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.regrade.latency import LatencyHistogram
from rft_core.regrade.moves import LARGEST, Reranked, is_moved, move_of, rerank
from rft_core.regrade.rows import Before, GivenRow
from rft_core.regrade.tally import GradingTally, Scores
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample, GradeError, Item, Sample

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)
REWARDS = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
DOWN = GradeError("exception", "OSError: down", "a", "acme 1.0")


@given(st.lists(NUMBERS), st.data())
def test_sums_do_not_depend_on_chunks(numbers: list[float], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(numbers)), max_size=5)))
    total = Scores()
    for start, end in itertools.pairwise([0, *cuts, len(numbers)]):
        for number in numbers[start:end]:
            total.add(Scores.of([number]))
    assert math.fsum(total.parts) == math.fsum(numbers)
    assert len(total.parts) < 50, "bounded, however many numbers"


def test_a_sum_beyond_floats_is_no_mean_rather_than_a_wrong_one() -> None:
    found = Scores.of([1.7e308, 1.7e308])
    again = Scores.model_validate_json(found.model_dump_json())
    again.add(Scores.of([1.0]))
    assert again.summary() == {"mean": None, "scored": 3}


def brute_force(rewards: list[tuple[Any, Any]]) -> tuple[int, int]:
    both = [(old, new) for old, new in rewards if old is not None and new is not None]
    pairs = [(a, b) for a, b in itertools.combinations(both, 2) if a[0] != b[0]]
    return len(pairs), sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)


@given(st.lists(st.tuples(REWARDS, REWARDS), max_size=12))
def test_pairs_that_turned_round_are_counted(rewards: list[tuple[Any, Any]]) -> None:
    found = rerank(rewards)
    assert (found.pairs, found.discordant) == brute_force(rewards)


@pytest.mark.parametrize(
    ("rewards", "new_best"),
    [
        ([(1, 1), (0, 0)], False),
        ([(1, 0), (0, 1)], True),
        ([(1, 1), (0, 1)], False),  # still among the best
        ([(1, 0), (1, 1), (0, 0)], False),
        ([(1, None), (0, 0.5)], True),  # the best is masked now
        ([(None, 1), (0, 0.5)], True),
        ([(None, 1), (None, 0)], False),  # nothing was known
        ([(1, None), (0, None)], False),
    ],
)
def test_whether_another_one_is_best(rewards: list[tuple[Any, Any]], new_best: bool) -> None:
    assert rerank(rewards).new_best is new_best


def test_rounding_turns_no_order_round() -> None:
    a_little_more = 0.1 + 0.2
    assert a_little_more > 0.3
    assert rerank([(0.3, a_little_more), (a_little_more, 0.3), (0.0, 0.0)]) == Reranked(2, 0, False)
    assert rerank([(0.3, 2.0), (a_little_more, 1.0)]) == Reranked(0, 0, False), "a tie before"
    assert rerank([(1.0, 0.3), (0.0, a_little_more)]) == Reranked(1, 0, False), "a tie now"


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        (0.5, 0.5, False),
        (0.1 + 0.2, 0.3, False),  # rounding
        (0.0, 1e-13, False),
        (0.5, 0.500001, True),
        (None, 0.0, True),
        (0.0, None, True),
        (None, None, False),
    ],
)
def test_what_counts_as_a_move(old: float | None, new: float | None, moved: bool) -> None:
    assert is_moved(old, new) is moved


def test_a_move_names_the_graders_that_changed() -> None:
    before = Before(
        0.5,
        {
            "same": {"score": 0.5},
            "up": {"score": 0},
            "masked": {"score": 1.0},
            "woke": None,
            "applies": {"score": None},
            "gone": {"score": 1.0},
        },
    )
    grades = {
        "same": Grade(0.5),
        "up": Grade(1.0, "all right"),
        "masked": Grade(error=DOWN),
        "woke": Grade(0.25),
        "applies": Grade(0.0),
        "new": Grade(1.0),
    }
    graded = GradedSample(make_sample("x"), None, grades, reward=0.75)
    changes = move_of("f.jsonl:1", before, graded).graders
    assert changes is not None
    assert {name: (change.old, change.new) for name, change in changes.items()} == {
        "up": (0.0, 1.0),
        "masked": (1.0, "error"),
        "woke": ("not run", 0.25),
        "applies": ("not applicable", 0.0),
    }
    assert changes["up"].reason == "all right"


def test_a_move_without_a_grader_in_common_knows_nothing_of_graders() -> None:
    grades: dict[str, Grade | None] = {"now": Grade(1.0)}
    graded = GradedSample(make_sample("x"), None, grades, reward=1.0)
    assert move_of("f:1", Before(0.5, {}), graded).graders is None
    assert move_of("f:1", Before(0.5, {"then": {"score": 0.5}}), graded).graders is None
    assert move_of("f:1", Before(0.5, {"now": {"score": 1.0}}), graded).graders == {}


@given(st.lists(st.tuples(REWARDS, REWARDS), min_size=1, max_size=12))
def test_the_change_is_of_rows_with_two_scores(rewards: list[tuple[Any, Any]]) -> None:
    olds, news = [old for old, _ in rewards], [new for _, new in rewards]
    both = [new - old for old, new in rewards if old is not None and new is not None]
    found = tally(olds, news).summary()["reward"].get("change")
    mean = math.fsum(both) / len(both) if both else None
    assert found == ({"mean": mean, "scored": len(both)} if both else None)


def tally(olds: list[float | None], news: list[float | None]) -> GradingTally:
    rows, graded = [], []
    for line, (old, new) in enumerate(zip(olds, news, strict=True)):
        sample = Sample(Item(str(line // 4), (), {}), "x")
        rows.append(GivenRow(line, sample, Before(old, {})))
        grade = Grade(new) if new is not None else Grade(error=DOWN)
        graded.append(GradedSample(sample, None, {"a": grade}, reward=new, failed=new is None))
    moves = [
        move_of(f"f:{row.line}", row.before, one)
        for row, one in zip(rows, graded, strict=True)
        if row.before is not None and is_moved(row.before.reward, one.reward)
    ]
    return GradingTally.of(rows, graded, moves, {"a": [0.1] * len(rows)})


@given(st.lists(st.tuples(REWARDS, REWARDS), min_size=8, max_size=32), st.integers(1, 7))
def test_chunks_add_up_to_the_whole(rewards: list[tuple[Any, Any]], cut: int) -> None:
    rewards = rewards[: len(rewards) // 4 * 4]
    olds, news = [old for old, _ in rewards], [new for _, new in rewards]
    at = min(cut * 4, len(rewards))
    total = GradingTally()
    for piece in (tally(olds[:at], news[:at]), tally(olds[at:], news[at:])):
        total.add(GradingTally.model_validate(json.loads(piece.model_dump_json())))
    whole = tally(olds, news).summary()
    added = total.summary()
    for found in (whole, added):  # both halves count their lines from 0
        found["largest_moves"] = [move["difference"] for move in found["largest_moves"]]
    assert added == whole


def test_only_the_largest_moves_are_kept() -> None:
    found = tally([0.0] * 100, [i / 100 for i in range(100)])
    assert [move.new for move in found.moved.largest] == [i / 100 for i in range(99, 89, -1)]
    assert len(found.moved.largest) == LARGEST


@given(st.lists(st.floats(1e-7, 1e4), min_size=1, max_size=200))
def test_percentiles_are_right_to_5_percent(seconds: list[float]) -> None:
    half = len(seconds) // 2
    found = LatencyHistogram.of(seconds[:half])
    found.add(LatencyHistogram.of(seconds[half:]))
    summary = found.summary()
    ordered = sorted(seconds)
    for percent in (50, 95, 99):
        exact = ordered[math.ceil(len(ordered) * percent / 100) - 1]
        assert summary[f"p{percent}"] == pytest.approx(exact, rel=0.05)
    assert (summary["calls"], summary["max"]) == (len(seconds), ordered[-1])


def test_no_calls_no_percentiles() -> None:
    assert LatencyHistogram.of([]).summary() == {}
    assert LatencyHistogram.of([0.0]).summary()["p99"] == 0.0
