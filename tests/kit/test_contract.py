"""The contract checks: nothing to say of good graders, and how findings are told."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import pytest
from good import graders as good
from rft_grader_fuzzy.grader import FuzzyGrader
from rft_grader_jsonschema.grader import JsonSchemaGrader
from rft_grader_judge import JudgeGrader
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json
from rft_grader_math.grader import MathGrader
from rft_grader_multilabel.grader import MultilabelGrader

from rft_core import Grader, PluginConfig
from rft_core.testing import (
    ContractViolationError,
    Finding,
    check_grader,
    find_violations,
    make_grader,
    make_sample,
)
from rft_core.testing.contract.run import ALL_CHECKS, CHECKS, NOTES, make_probe, run_checks
from rft_core.types import Sample

TEXTS = [
    make_sample("Paris", prompt="Capital of France?", item_id="a", answer="Paris"),
    make_sample("Lyon", prompt="Capital of France?", item_id="a", answer="Paris"),
    make_sample("blue whale", prompt="Largest animal?", item_id="b", answer="blue whale"),
]
LABELS = [
    make_sample('{"labels": ["law", "commerce"]}', item_id="a", labels=["law", "trade"],
                synonyms={"commerce": "trade"}),
    make_sample('{"labels": ["food"]}', item_id="b", labels=["food", "law"], synonyms={}),
]  # fmt: skip
CODE = [
    make_sample("result = 2 + 2", item_id="a", answer=4),
    make_sample("result = 5", item_id="a", answer=4),
]
GOOD: list[tuple[Grader[Any], list[Sample]]] = [
    (make_grader(good.Plain, bonus=0.5), TEXTS),
    (make_grader(good.Contains), TEXTS),
    (make_grader(good.Asynchronous), TEXTS),
    (make_grader(good.Batched), TEXTS),
    (make_grader(good.Ranks), TEXTS),
    (make_grader(good.Isolated), CODE),
    (make_grader(good.Sometimes), [*TEXTS, make_sample("x", item_id="c")]),
    (make_grader(good.Partial), LABELS),
    (make_grader(good.Cached), TEXTS),
    (make_grader(good.Brief), [make_sample("a b c", max_tokens=10)]),
]


def told(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings]


@pytest.mark.parametrize(("grader", "samples"), GOOD, ids=[grader.name for grader, _ in GOOD])
def test_a_good_grader_breaks_nothing(grader: Grader[Any], samples: list[Sample]) -> None:
    assert told(find_violations(grader, samples=samples)) == []


@pytest.mark.parametrize("cls", [good.Plain, good.Batched, good.Partial, good.Brief])
def test_a_class_alone_is_enough(cls: type[Grader[Any]]) -> None:
    assert told(find_violations(cls)) == []


@pytest.mark.slow
def test_the_multilabel_grader_breaks_nothing() -> None:
    samples = [
        make_sample('{"labels": ["law", "trade"]}', item_id="a", reference_answer=["law", "trade"]),
        make_sample('{"labels": ["law"]}', item_id="b", reference_answer=["law", "food"]),
    ]
    grader = make_grader(MultilabelGrader, labels="$.labels[*]", reference="$.reference_answer[*]")
    assert told(find_violations(grader, samples=samples)) == []


def test_the_schema_grader_breaks_nothing() -> None:
    schema = {
        "type": "object",
        "properties": {"labels": {"type": "array", "items": {"type": "string", "pattern": "^.+$"}}},
        "required": ["labels"],
    }
    grader = make_grader(JsonSchemaGrader, schema=schema)
    samples = [make_sample('{"labels": ["law"]}'), make_sample("{}")]
    assert told(find_violations(grader, samples=samples)) == []


@pytest.mark.slow
def test_the_math_grader_breaks_nothing() -> None:
    samples = [
        make_sample(r"so \boxed{42}", item_id="a", answer="42"),
        make_sample(r"\boxed{\frac{1}{2}}", item_id="b", answer="0.5"),
        make_sample(r"\boxed{x + 2}", item_id="c", answer="2 + x"),
    ]
    grader = make_grader(MathGrader, reference="$.answer")
    assert told(find_violations(grader, samples=samples)) == []


@pytest.mark.slow
def test_the_fuzzy_grader_breaks_nothing() -> None:
    samples = [
        make_sample("the treaty was signed in Rome", item_id="a",
                    reference_answer="The treaty was signed in Rome"),
        make_sample("a dog", item_id="b", reference_answer="A red dog"),
    ]  # fmt: skip
    assert told(find_violations(make_grader(FuzzyGrader), samples=samples)) == []


def test_the_judge_breaks_nothing() -> None:
    reply = Reply(verdict_json(reasoning="It is so.", verdict=7))
    with ScriptedServer(reply) as server:
        grader = make_grader(
            JudgeGrader,
            model="scripted",
            instructions="Is the answer right?",
            verdict={"mode": "score", "range": [0, 10]},
            endpoint={"base_url": server.base_url},
            cache=None,
        )
        samples = [make_sample("an answer"), make_sample("another", item_id="b")]
        assert told(find_violations(grader, samples=samples)) == []


# How it is told, and what is left


class _Cased(PluginConfig):
    loud: bool = False


class Shouts(Grader[_Cased]):
    name = "shouts"
    Config = _Cased

    def grade(self, sample: Sample) -> Any:
        if self.config.loud:
            print(ascii(sample.text))  # noqa: T201
        return 1.0


class Dies(Grader):
    name = "dies"

    def grade(self, sample: Sample) -> Any:
        os._exit(7)


def test_check_grader_says_what_was_sent_and_how_to_mend_it() -> None:
    with pytest.raises(ContractViolationError, match="breaks the contract") as caught:
        check_grader(Shouts, samples=[make_sample("hello there")], loud=True)
    finding = caught.value.findings[0]
    assert {one.check for one in caught.value.findings} == {"output"}
    assert "hello there" in finding.sent
    assert "hello there" in finding.got
    assert "fix:" in str(finding)


def test_the_config_reaches_the_grader() -> None:
    check_grader(Shouts, samples=[make_sample("hello there")], loud=False)


def test_a_grader_that_ends_its_process_is_a_finding_and_not_the_end() -> None:
    with make_probe(make_grader(Dies), samples=[make_sample("hello")]) as probe:
        (finding,) = run_checks(probe, ["results"])["results"]
    assert "exit code 7" in finding.got
    assert "hello" in finding.sent


def test_checks_can_be_run_by_name_and_leave_no_process() -> None:
    before = threading.active_count()
    with make_probe(make_grader(good.Plain), samples=TEXTS) as probe:
        assert run_checks(probe, ["results", "output"]) == {"results": [], "output": []}
    assert threading.active_count() == before


def test_the_bench_does_not_execute_the_main_module(tmp_path: Any) -> None:
    import subprocess

    program = tmp_path / "program.py"
    program.write_text(
        "from rft_core.testing import check_grader, make_sample\n"
        "from good.graders import Contains\n"
        "print('started')\n"
        "check_grader(Contains, samples=[make_sample('a b', answer='b')])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    assert done.stdout == "started\n"


def test_a_broken_case_of_the_author_is_told() -> None:
    found = find_violations(good.Contains, samples=[make_sample("a b", wrong_column="b")])
    assert [finding.check for finding in found] == ["samples"]
    assert "KeyError" in found[0].got


def test_notes_are_no_violations() -> None:
    with make_probe(make_grader(Shouts), samples=[make_sample("hello")]) as probe:
        assert not any(run_checks(probe).values())
        notes = run_checks(probe, ["notes"])["notes"]
    assert {note.sent for note in notes} == {"version", "docstring", "option 'loud'"}


def test_checks_have_names_of_their_own() -> None:
    names = [check.name for check in ALL_CHECKS]
    assert len(set(names)) == len(names)
    assert set(CHECKS) | set(NOTES) == set(ALL_CHECKS)
