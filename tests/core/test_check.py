"""The check of a task: references must score full marks, constant answers must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core.errors import UsageError
from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl
from rft_core.plugins import PluginManager
from rft_core.task.check import CheckResult, check_task
from rft_core.task.task import load_task
from rft_core.types import Grade, Item, Sample

Check = Callable[..., CheckResult]


class Exact(Grader[Any]):
    """1 for the row's answer."""

    name = "exact"

    def grade(self, sample: Sample) -> Grade:
        right = sample.text == sample.item.fields["answer"]
        return Grade(float(right), None if right else "it is another answer")


class Knows(Exact):
    """As `exact`, and tells the answer."""

    name = "knows"

    def reference_completion(self, item: Item) -> str | None:
        answer = item.fields["answer"]
        return str(answer) if answer else None


class Wrong(Exact):
    """1 for anything but the row's answer: an error measure."""

    name = "wrong"

    def grade(self, sample: Sample) -> float:
        return float(sample.text != sample.item.fields["answer"])


class Generous(Grader[Any]):
    name = "generous"

    def grade(self, sample: Sample) -> float:
        return 1.0


class Breaks(Grader[Any]):
    """Fails on empty answers, as careless graders do."""

    name = "breaks"

    def grade(self, sample: Sample) -> float:
        return float(sample.text[0] == sample.item.fields["answer"][0])


class Paid(Knows):
    """As `knows`, at a price."""

    name = "paid"
    paid = True
    graded = 0

    def grade(self, sample: Sample) -> Grade:
        Paid.graded += 1
        return super().grade(sample)


class Choosy(Exact):
    """Applies to answers that begin with a."""

    name = "choosy"

    def grade(self, sample: Sample) -> Grade:
        return super().grade(sample) if sample.item.fields["answer"][0] == "a" else Grade()


class Plugin:
    @hookimpl
    def rft_register_graders(self) -> list[type[Grader[Any]]]:
        return [Exact, Knows, Wrong, Generous, Breaks, Paid, Strict, Half, Choosy]


@pytest.fixture
def check(tmp_path: Path, plugins: PluginManager) -> Check:
    """Return a function that checks a task with the given reward over answers."""
    plugins.register(Plugin(), "tests", "tests 0")

    def do(answers: str, reward: dict[str, Any], **sections: Any) -> CheckResult:
        rows = ({"q": "why?", "answer": a, "said": a.upper()} for a in answers.split())
        (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        task = {
            "data": {"train": "train.jsonl"},
            "messages": [{"role": "user", "content": "{{ item.q }}"}],
            "reward": reward,
        }
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump(task | sections))
        return check_task(load_task(path))

    return do


def using(*names: str) -> dict[str, Any]:
    return {"graders": {name: {"use": name} for name in names}}


def fatal(result: CheckResult) -> list[str]:
    return [finding.text for finding in result.findings if finding.fatal]


def test_a_good_task_has_no_findings(check: Check) -> None:
    result = check("a b c d", using("exact"), reference="{{ item.answer }}")
    assert result.findings == []
    reference, *others = result.probes
    assert (reference.name, reference.mean, reference.full, reference.errors) == (
        "reference",
        1.0,
        1.0,
        0,
    )
    assert [probe.name for probe in others[:4]] == ["empty", "{}", "[]", "a refusal"]
    assert [probe.mean for probe in others] == [0.0, 0.0, 0.0, 0.0, 0.25]


def test_graders_may_know_the_references(check: Check) -> None:
    result = check("a b c d", using("exact", "knows"))
    assert result.findings == []
    assert result.probes[0].mean == 2.0


def test_where_grading_costs_few_answers_are_tried(check: Check) -> None:
    Paid.graded = 0
    result = check(" ".join(f"a{number}" for number in range(60)), using("paid"))
    assert result.findings[0].text == "only 5 items were tried: paid costs"
    assert result.probes[0].full == 1.0
    assert Paid.graded == 5 * (1 + 4 + 2)  # the references, four trivial answers, two constants


def test_references_of_unknown_looks_are_told(check: Check) -> None:
    result = check("a b", using("exact"))
    assert fatal(result) == []
    assert "the references were not checked" in result.findings[0].text


def test_references_that_do_not_earn_full_marks_are_fatal(check: Check) -> None:
    result = check("a b c", using("exact"), reference="{{ item.said }}")
    (text,) = fatal(result)
    assert text.startswith("3 of 3 references do not earn full marks: ")
    assert "train.jsonl:1 (reward 0; exact 0: it is another answer)" in text


def test_references_that_a_grader_guessed_are_warned_about_only(check: Check) -> None:
    result = check("a b c", using("knows", "half"))
    assert fatal(result) == []
    (text,) = [one.text for one in result.findings if "full marks" in one.text]
    assert text.endswith("If one is not what a right answer looks like, give `reference:`")


def test_an_item_that_nothing_applies_to_is_fatal(check: Check) -> None:
    result = check("a b ab c", using("choosy"))
    (text,) = fatal(result)
    assert text.startswith("2 of 4 items get no reward, whatever the answer: ")
    assert "train.jsonl:2 (no grader applies to the item)" in text
    assert "train.jsonl:4" in text


def test_a_formula_that_needs_a_grader_that_does_not_apply_is_fatal(check: Check) -> None:
    result = check("a b", using("choosy", "exact") | {"formula": "choosy + exact"})
    (text,) = fatal(result)
    assert "train.jsonl:2 (not applicable: choosy)" in text


def test_an_item_that_another_grader_applies_to_is_fine(check: Check) -> None:
    assert fatal(check("a b", using("choosy", "exact"))) == []


def test_a_formula_without_value_for_wrong_answers_is_no_missing_grader(check: Check) -> None:
    result = check("a b", using("exact") | {"formula": "1 + log(exact)"})
    assert not [text for text in fatal(result) if "get no reward" in text]


class Half(Exact):
    """Half marks for whatever it is."""

    name = "half"

    def grade(self, sample: Sample) -> Grade:
        return Grade(0.5)


class Strict(Paid):
    """As judges are: 0.9 for the best."""

    name = "strict"

    def grade(self, sample: Sample) -> Grade:
        return Grade(0.9 * (super().grade(sample).score or 0.0), "well done")


def test_a_judge_need_not_give_full_marks(check: Check) -> None:
    result = check("a b c", using("strict"), reference="{{ item.answer }}")
    assert fatal(result) == []
    assert any("3 of 3 references do not earn full marks" in one.text for one in result.findings)


def test_references_no_better_than_trivial_answers_are_fatal(check: Check) -> None:
    result = check("a b c", using("strict"), reference="{{ item.said }}")
    assert fatal(result) == ["references earn 0.00, no more than a trivial answer (0.00)"]


def test_one_bad_reference_is_named_by_its_line(check: Check) -> None:
    result = check("a B C D", using("exact"), reference="{{ item.said }}")
    (text,) = fatal(result)
    assert text.startswith("1 of 4 references")
    assert "train.jsonl:1 (" in text


def test_an_answer_that_always_earns_full_marks_is_fatal(check: Check) -> None:
    result = check("a b", using("generous"), reference="{{ item.answer }}")
    assert "the answer 'empty' earns full marks on every item: nothing to learn" in fatal(result)


def test_a_constant_that_is_right_for_most_is_warned_about(check: Check) -> None:
    result = check("a a a b", using("exact"), reference="{{ item.answer }}")
    assert fatal(result) == []
    (finding,) = result.findings
    assert finding.text.startswith("the answer 'constant: a' earns 0.75 on average")


def test_one_answer_for_all_items_is_fatal(check: Check) -> None:
    result = check("a a a", using("exact"), reference="{{ item.answer }}")
    (text,) = fatal(result)
    assert "'constant: a' earns full marks on every item" in text


def test_graders_that_fail_on_odd_answers_are_fatal(check: Check) -> None:
    result = check("a b c", using("breaks"), reference="{{ item.answer }}")
    assert (
        "graders failed on the answer 'empty' for 3 items: grader 'breaks' of tests 0: exception: "
        "IndexError: string index out of range"
    ) in fatal(result)


@pytest.mark.parametrize(
    "reward",
    [
        {"graders": {"exact": {"use": "exact", "weight": 0.3}}},
        {"graders": {"wrong": {"use": "wrong", "weight": -2.0}}},
        {"graders": {"exact": {"use": "exact"}, "wrong": {"use": "wrong", "weight": -1.0}}},
        {"graders": {"exact": {"use": "exact"}}, "formula": "exact ^ 2 / 2"},
        {"graders": {"wrong": {"use": "wrong"}}, "formula": "1 - wrong"},
        {
            "graders": {"exact": {"use": "exact"}, "wrong": {"use": "wrong"}},
            "formula": "exact - 0.5 * wrong",
        },
        {"graders": {"exact": {"use": "exact", "gate": {"min": 1.0}}, "knows": {"use": "knows"}}},
    ],
)
def test_full_marks_are_what_the_reward_can_reach(check: Check, reward: dict[str, Any]) -> None:
    assert check("a b c d", reward, reference="{{ item.answer }}").findings == []


def test_length_penalties_are_out_of_the_picture(check: Check) -> None:
    reward = using("exact") | {"shapers": [{"use": "length_penalty", "config": {"max_tokens": 1}}]}
    assert check("a b c d", reward, reference="{{ item.answer }}").findings == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [("{{ item.nothing }}", "has no value in this row"), ("{{ itm.answer }}", "must start with")],
)
def test_a_wrong_reference_is_told(check: Check, reference: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check("a b", using("exact"), reference=reference)


def test_graders_of_different_tasks_know_their_own_references(check: Check, tmp_path: Path) -> None:
    rows = [{"q": "?", "answer": a, "task": t} for a, t in zip("abcd", "xyxy", strict=True)]
    (tmp_path / "mixed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    class OnlyY(Knows):
        name = "only_y"

        def reference_completion(self, item: Item) -> str | None:
            return super().reference_completion(item) if item.task == "y" else None

    class OnlyX(Knows):
        name = "only_x"

        def reference_completion(self, item: Item) -> str | None:
            return super().reference_completion(item) if item.task == "x" else None

    from rft_core.plugins import plugin_manager

    class More:
        @hookimpl
        def rft_register_graders(self) -> list[type[Grader[Any]]]:
            return [OnlyX, OnlyY]

    plugin_manager().register(More(), "more", "tests 0")
    path = tmp_path / "task.yaml"
    task = {
        "data": {"train": "mixed.jsonl"},
        "messages": [{"role": "user", "content": "{{ item.q }}"}],
        "rewards": {"x": using("only_x"), "y": using("only_y")},
    }
    path.write_text(yaml.safe_dump(task))
    result = check_task(load_task(path))
    assert result.probes[0].name == "reference"
    assert result.findings == []
