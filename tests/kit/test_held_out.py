"""Graders that once slipped through the test kit, or broke it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from rft_core import Grade, Grader, OutputParseError, PluginConfig
from rft_core.cases import Case
from rft_core.expectations import Within
from rft_core.grading.boundary import GraderCall
from rft_core.testing import make_grader, make_sample
from rft_core.testing.adversarial.attack import Honest
from rft_core.testing.adversarial.families.answer import CLASSES
from rft_core.testing.contract.run import make_probe, run_checks
from rft_core.testing.examine import Examination, Plan
from rft_core.testing.subject import GraderSubject
from rft_core.types import Sample


class Sorts(Grader[PluginConfig]):
    """Sorts the row's labels in place, which shows the first time only."""

    name = "sorts"

    def grade(self, sample: Sample) -> Grade:
        wanted = sample.item.fields["labels"]
        wanted.sort()
        return Grade(float(sorted(sample.text.split()) == wanted))


class ClosesOnce(Grader[PluginConfig]):
    """Raises where it is closed again."""

    name = "closes_once"
    is_closed = False

    def grade(self, sample: Sample) -> Grade:
        return Grade(float(sample.text == sample.item.fields["answer"]))

    def close(self) -> None:
        raise AttributeError("nothing to close")


class NamesFiles(Grader[PluginConfig]):
    """Takes an existing file in place of JSON."""

    name = "names_files"

    def grade(self, sample: Sample) -> Grade:
        text = sample.text.strip()
        if text.endswith(".json") and "\0" not in text and len(text) < 200 and Path(text).exists():
            text = Path(text).read_text()
        try:
            return Grade(float(json.loads(text) == sample.item.fields["answer"]))
        except ValueError as error:
            raise OutputParseError("no JSON") from error


class RunsFiles(Grader[PluginConfig]):
    """Runs what it wrote to a file, in no process of its own."""

    name = "runs_files"

    def grade(self, sample: Sample) -> Grade:
        with tempfile.NamedTemporaryFile("w", suffix=".py", errors="replace") as file:
            file.write(sample.text)
            file.flush()
            done = subprocess.run(
                [sys.executable, "-S", file.name], capture_output=True, text=True, check=False
            )
        return Grade(float(done.stdout.strip() == sample.item.fields["answer"]))


def examination(
    cls: type[Grader[PluginConfig]], cases: Sequence[tuple[Sample, float]]
) -> Examination:
    made = [
        Case(str(place), sample.item, sample.text, Within(score, score), "here")
        for place, (sample, score) in enumerate(cases)
    ]
    grader = make_grader(cls)
    call = GraderCall(grader.name, grader, "here", grader.timeout, grader.concurrency)
    return Examination(GraderSubject(call), Plan(cases=made))


def test_a_row_that_the_cases_changed_already_is_still_seen_to_change() -> None:
    right = make_sample("a b c", labels=["c", "a", "b"])
    wrong = Sample(right.item, "a")
    examined = examination(Sorts, [(right, 1.0), (wrong, 0.0)])
    with examined.subject:
        card = examined.card()
    (check,) = [one for one in card.checks if one.name == "mutation"]
    assert check.findings


def test_a_close_that_raises_is_a_finding_and_does_not_break_the_kit() -> None:
    right = make_sample("42", answer="42")
    examined = examination(ClosesOnce, [(right, 1.0)])
    with examined.subject:
        card = examined.card()
    assert [one.name for one in card.checks if one.kind == "violation" and one.findings] == [
        "closing",
        "leftovers",
    ]


@pytest.mark.parametrize(
    ("cls", "sample", "check"),
    [
        (NamesFiles, make_sample("42", answer=42), "addresses"),
        (RunsFiles, make_sample("print(42)", answer="42"), "execution"),
    ],
)
def test_a_completion_that_gets_out_is_named(
    cls: type[Grader[PluginConfig]], sample: Sample, check: str
) -> None:
    with make_probe(make_grader(cls), samples=[sample]) as probe:
        assert [finding.check for finding in run_checks(probe, [check])[check]][:1] == [check]


def attacks(name: str, answer: str) -> list[str]:
    (cls,) = [one for one in CLASSES if one.cls == name]
    sample = make_sample(f"Answer: {answer}", answer=answer)
    honest = Honest(sample.item, sample.text, 1.0, "here")
    return [attack.completion for attack in cls.generate(honest, random.Random(0))]  # noqa: S311


def test_nan_is_tried_in_place_of_a_number() -> None:
    assert "Answer: nan" in attacks("M12", "42")


def test_a_digit_behind_a_decimal_fraction_changes_its_value() -> None:
    assert "Answer: 42.00" not in attacks("M13", "42.0")
    assert "Answer: 420" in attacks("M13", "42")
