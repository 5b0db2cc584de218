"""Which honest completions attacks start from, which attacks are tried, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rft_core.cases import Case
from rft_core.configurable import PluginConfig
from rft_core.expectations import Expectation, HigherThan, OutcomeIs, Within
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest, Outcome, Wanted
from rft_core.testing.adversarial.choose import choose
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.library import classes_for
from rft_core.testing.adversarial.run import run_attacks
from rft_core.testing.adversarial.verdicts import judge
from rft_core.testing.project import read_project
from rft_core.testing.subject import GraderSubject
from rft_core.types import Grade, GradeError, Item, Sample

ITEM = Item("a", ({"role": "user", "content": "Say ten."},), {"gold": "ten"})
OTHER = Item("b", (), {"gold": "two"})


class Points(Grader[PluginConfig]):
    """Ten for the gold word, five for one with a question mark, from -10 up."""

    name = "points"
    score_range = (-10.0, 10.0)

    def check_item(self, item: Item) -> None:
        if "gold" not in item.fields:
            raise ValueError("no gold")

    def reference_completion(self, item: Item) -> str | None:
        return str(item.fields["gold"])

    def grade(self, sample: Sample) -> float:
        gold = sample.item.fields["gold"]
        return {gold: 10.0, f"{gold}?": 5.0}.get(sample.text, -10.0)


def subject_of(grader: Grader[Any]) -> GraderSubject:
    return GraderSubject(GraderCall(grader.name, grader, "tests", grader.timeout, 1))


@pytest.fixture
def points() -> Iterator[GraderSubject]:
    with subject_of(Points(PluginConfig())) as subject:
        yield subject


def case(name: str, completion: str, expected: Expectation, item: Item = ITEM) -> Case:
    return Case(name, item, completion, expected, f"cases:{name}")


def test_honest_completions_are_expected_to_earn_much_and_do(points: GraderSubject) -> None:
    cases = [
        case("right", "ten", 10.0),
        case("not earned", "TEN", 10.0),
        case("half", "ten?", Within(4.0, 6.0)),
        case("wrong", "two", -10.0),
        case("a rank", "two?", HigherThan("wrong"), OTHER),
        case("an error", "x", OutcomeIs("error"), Item("broken", (), {})),
    ]
    found = find_honest(points, cases, [OTHER])
    assert [(one.item.id, one.completion, one.score, one.source) for one in found] == [
        ("a", "ten", 10.0, "case right"),
        ("b", "two", 10.0, "reference of item b"),
    ]
    assert [one.peers for one in found] == [("two",), ("ten",)]


def test_a_part_of_the_right_answer_is_honest_where_nothing_better_is(
    points: GraderSubject,
) -> None:
    class Unhelpful(Points):
        name = "unhelpful"

        def reference_completion(self, item: Item) -> str | None:
            return None

    with subject_of(Unhelpful(PluginConfig())) as subject:
        found = find_honest(subject, [case("half", "ten?", 5.0)])
    assert [(one.completion, one.score) for one in found] == [("ten?", 5.0)]


@pytest.mark.parametrize(
    ("wanted", "score", "verdict"),
    [
        ("fail", 0.0, "held"),
        ("fail", 0.1, "fooled"),
        ("lower", 9.0, "held"),
        ("lower", 10.0, "fooled"),
        ("no_more", 10.0, "held"),
        ("no_more", 11.0, "fooled"),
        ("pass", 10.0, "held"),
        ("pass", 9.0, "missed"),
        ("survive", 10.0, "held"),
        ("fail", None, "skipped"),
        ("survive", None, "held"),
    ],
)
def test_verdicts_compare_with_the_honest_completion(
    wanted: Wanted, score: float | None, verdict: str
) -> None:
    honest = Honest(ITEM, "ten", 10.0, "test")
    attack = Attack("x", "y", "z", wanted)
    assert judge(attack, honest, Grade(score), -10.0).verdict == verdict


def test_a_failing_grader_is_neither_fooled_nor_right() -> None:
    error = Grade(error=GradeError("exception", "no", "g", "d"))
    for wanted in ("fail", "lower", "no_more", "pass", "survive"):
        attack = Attack("x", "y", "z", wanted)
        assert judge(attack, Honest(ITEM, "ten", 1.0, "test"), error, 0.0).verdict == "broke"


def test_nothing_is_compared_with_an_honest_completion_that_earned_nothing() -> None:
    attack = Attack("x", "y", "z", "lower")
    assert judge(attack, Honest(ITEM, "ten", 0.0, "test"), Grade(0.0), 0.0).verdict == "skipped"


def test_ranges_without_an_end_count_from_zero() -> None:
    attack = Attack("x", "y", "z", "fail")
    low = float("-inf")
    assert judge(attack, Honest(ITEM, "ten", 4.0, "test"), Grade(2.0), low).verdict == "held"
    assert judge(attack, Honest(ITEM, "ten", 4.0, "test"), Grade(2.1), low).verdict == "fooled"


def _lettering(wanted: Wanted = "fail") -> AttackClass:
    def generate(honest: Honest, random: Random) -> Iterator[Attack]:
        for what in "abc":
            yield Attack("x", what, f"{what} {honest.completion} {random.random()}", wanted)
        yield Attack("x", "the honest one", f" {honest.completion} ", wanted)

    return AttackClass("x", "Letters", "any", generate)


def _many(number: int) -> list[Honest]:
    return [Honest(Item(f"i{n}", (), {}), f"text {n}", 1.0, "test") for n in range(number)]


def test_attacks_are_few_of_every_kind_and_the_same_ones_again() -> None:
    chosen = choose(_lettering(), _many(9), 6, seed=0)
    assert [attack.what for attack, _ in chosen] == ["a", "b", "c", "a", "b", "c"]
    assert len({honest.item.id for _, honest in chosen[:3]}) == 3
    assert chosen == choose(_lettering(), _many(9), 6, seed=0)
    assert chosen != choose(_lettering(), _many(9), 6, seed=1)


def test_an_attack_that_is_right_after_all_is_left_out() -> None:
    found = {attack.what for attack, _ in choose(_lettering(), _many(2), 50, seed=0)}
    assert found == {"a", "b", "c"}
    passing = {attack.what for attack, _ in choose(_lettering("pass"), _many(2), 50, seed=0)}
    assert "the honest one" in passing


def test_hostile_attacks_come_once_of_each_kind() -> None:
    chosen = choose(_lettering("survive"), _many(9), 2, seed=0)
    assert sorted(attack.what for attack, _ in chosen) == ["a", "b", "c", "the honest one"]


def test_outcomes_come_class_by_class(points: GraderSubject) -> None:
    told: list[tuple[str, int]] = []

    def tell(cls: AttackClass, outcomes: Any) -> None:
        told.append((cls.cls, len(outcomes)))

    honest = find_honest(points, [case("right", "ten", 10.0)])
    outcomes = run_attacks(points, honest, per_class=4, on_graded=tell)
    assert [name for name, _ in told] == [one.cls for one in classes_for(points)]
    assert sum(number for _, number in told) == len(outcomes)
    assert {one.verdict for one in outcomes} == {"held"}
    assert max(number for _, number in told) == 4


def test_graders_without_a_family_are_tried_with_mutations_alone(points: GraderSubject) -> None:
    assert {one.scope for one in classes_for(points)} == {"any"}


def test_a_hostile_completion_is_graded_where_it_does_no_harm() -> None:
    import threading

    from sloppy import Hanging

    honest = [Honest(Item("a", (), {"answer": "42"}), "The answer is 42.", 1.0, "test")]
    with subject_of(Hanging(PluginConfig())) as subject:
        hostile = [one for one in classes_for(subject) if one.cls == "M14"]
        before = set(threading.enumerate())
        outcomes = run_attacks(subject, honest, hostile)
    assert "broke" in {one.verdict for one in outcomes}
    left = [one for one in set(threading.enumerate()) - before if "grad" in one.name]
    assert left == []


PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.mark.parametrize(
    ("folder", "name"),
    [("multilabel", "multilabel"), ("jsonschema", "json_schema"), ("math", "math")],
)
def test_the_official_graders_hold(folder: str, name: str) -> None:
    from rft_core.cases import read_cases
    from rft_core.plugins import plugin_manager

    project = read_project(name, PLUGINS / f"rft-grader-{folder}")
    cases, place = project.cases(), project.config()
    assert cases is not None
    config = {} if place is None else place.value()
    cls = plugin_manager().graders[name].cls
    grader = cls.from_config(config, project.folder)
    with subject_of(grader) as subject:
        honest = find_honest(subject, read_cases(cases))
        assert len(honest) >= 10
        outcomes = run_attacks(subject, honest)
    assert _bad(outcomes, project.section.accept) == []
    families = {one.attack.cls for one in outcomes}
    assert len(families) > 20


def _bad(outcomes: list[Outcome], accepted: Any) -> list[tuple[str, str, str, str]]:
    return [
        (one.attack.cls, one.attack.what, one.attack.completion[:80], one.verdict)
        for one in outcomes
        if one.verdict in {"fooled", "missed", "broke"} and one.attack.cls not in accepted
    ]
