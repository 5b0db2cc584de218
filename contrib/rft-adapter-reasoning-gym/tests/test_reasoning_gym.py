"""The grader against reasoning-gym itself, and the command that writes rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("reasoning_gym", reason="reasoning-gym is not installed")

from pydantic import ValidationError
from reasoning_gym.factory import create_dataset
from rft_adapter_reasoning_gym import datasets
from rft_adapter_reasoning_gym.commands import app, rows
from rft_adapter_reasoning_gym.grader import ReasoningGym
from typer.testing import CliRunner

from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall, invoke
from rft_core.plugins import plugin_manager
from rft_core.testing import grade_all, make_grader, make_sample
from rft_core.types import Grade, Item, Sample

SOME = (
    *("leg_counting", "basic_arithmetic", "arc_agi", "rearc", "graph_color", "word_ladder"),
    *("zebra_puzzles", "sudoku", "time_intervals", "decimal_arithmetic"),
)


def sample_of(row: dict[str, Any], text: str) -> Sample:
    fields = {key: value for key, value in row.items() if key != "id"}
    return make_sample(text, item_id=row["id"], **fields)


def stored(name: str, size: int = 5, seed: int = 1, **options: Any) -> list[dict[str, Any]]:
    """Return rows as they come back from a file."""
    return [json.loads(json.dumps(row)) for row in rows(name, size, seed, options)]


def graded(grader: ReasoningGym, sample: Sample) -> Grade:
    """Grade in this process, for speed."""
    (grade,) = invoke(GraderCall("under test", grader, "acme", None, 1), [sample])
    return grade


def test_a_hundred_samples_score_as_the_package_scores_them() -> None:
    """Ten datasets, five rows each, a right and a wrong answer: rows from JSON, as in a run."""
    samples, expected = [], []
    for name in SOME:
        dataset = create_dataset(name, size=5, seed=1)
        for index, row in enumerate(stored(name)):
            other = dataset[(index + 1) % 5]["answer"]
            for answer in (str(dataset[index]["answer"]), f"{other} or so"):
                samples.append(sample_of(row, f"Well. <answer> {answer} </answer>"))
                expected.append(float(dataset.score_answer(answer, dataset[index])))
    grades = grade_all(make_grader(ReasoningGym), samples)
    assert len(samples) == 100
    assert [grade.score for grade in grades] == expected
    assert expected.count(1.0) >= 45
    assert len(set(expected)) > 2  # part marks among them


@pytest.mark.parametrize("name", datasets.names())
def test_every_dataset_writes_rows_whose_answer_is_right(name: str) -> None:
    grader = make_grader(ReasoningGym, allow_eval=True)
    for row in stored(name, size=2):
        item = Item(row["id"], (), row)
        grader.check_item(item)
        reference = grader.reference_completion(item)
        if reference is not None:
            assert grader.grade(Sample(item, reference)).score == 1.0


@pytest.fixture(scope="module")
def legs() -> dict[str, Any]:
    return stored("leg_counting", 1)[0]


def test_the_last_tag_is_the_answer(legs: dict[str, Any]) -> None:
    grader = make_grader(ReasoningGym, dataset="leg_counting")
    right = legs["answer"]
    texts = [
        f"<answer>{right}</answer>",
        f"<answer>no</answer> wait: <answer>\n{right}\n</answer>.",
        f"<answer>{right}</answer><answer>no</answer>",
    ]
    grades = [graded(grader, sample_of(legs, text)) for text in texts]
    assert [grade.score for grade in grades] == [1.0, 1.0, 0.0]
    assert grades[2].reason == "answered 'no'"


@pytest.mark.parametrize("text", ["", "7", "<answer>7", "7</answer>", "<ANSWER>7</ANSWER>"])
def test_without_a_tag_there_is_no_answer(legs: dict[str, Any], text: str) -> None:
    grade = graded(make_grader(ReasoningGym), sample_of(legs, text))
    assert (grade.score, grade.reason) == (0.0, "no <answer>…</answer>")


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("<think>{}</think>{}", 1.0),
        ("<think>no</think> it is {}", 1.0),
        ("no</think> it is {}", 1.0),
        ("{}<think>sure</think>", 1.0),
        ("<think>{}</think> I refuse.", 0.0),
        ("<think>{}", 0.0),
        ("{}</think>", 0.0),
        ("<think>a</think>{}<think>b", 1.0),
    ],
)
def test_reasoning_is_no_answer(legs: dict[str, Any], text: str, score: float) -> None:
    said = text.replace("{}", f"<answer>{legs['answer']}</answer>")
    assert graded(make_grader(ReasoningGym), sample_of(legs, said)).score == score
    all_counts = make_grader(ReasoningGym, reasoning_tag=None)
    assert graded(all_counts, sample_of(legs, said)).score == 1.0


def test_another_tag_or_the_whole_completion(legs: dict[str, Any]) -> None:
    right = legs["answer"]
    final = make_grader(ReasoningGym, tag="final")
    assert graded(final, sample_of(legs, f"<final>{right}</final>")).score == 1.0
    assert final.reference_completion(Item("i", (), legs)) == f"<final>{right}</final>"
    whole = make_grader(ReasoningGym, tag=None)
    assert graded(whole, sample_of(legs, right)).score == 1.0
    assert whole.reference_completion(Item("i", (), legs)) == right


def test_metadata_may_be_the_text_of_an_object(legs: dict[str, Any]) -> None:
    row = legs | {"metadata": json.dumps(legs["metadata"])}
    sample = sample_of(row, f"<answer>{legs['answer']}</answer>")
    assert graded(make_grader(ReasoningGym), sample).score == 1.0


def test_a_scorer_that_raises_is_an_error_and_no_zero() -> None:
    (row,) = stored("prime_factorization", 1)
    grade = graded(make_grader(ReasoningGym), sample_of(row, "<answer>2 apples</answer>"))
    assert (grade.outcome, grade.score) == ("error", None)
    assert grade.error is not None
    assert "invalid literal for int()" in grade.error.message


def test_options_reach_the_scorer() -> None:
    (row,) = stored("decimal_arithmetic", 1)
    answer = str(Decimal(row["answer"]) + Decimal("0.001"))
    for places, expected in ((2, 1.0), (12, 0.0)):
        options = {"max_num_decimal_places": places, "precision": 20}
        direct = create_dataset("decimal_arithmetic", **options).score_answer(answer, row)
        grader = make_grader(ReasoningGym, dataset="decimal_arithmetic", options=options)
        grade = graded(grader, sample_of(row, f"<answer>{answer}</answer>"))
        assert grade.score == direct == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dataset": "leg_countin"}, "no dataset 'leg_countin'. Did you mean 'leg_counting'"),
        ({"dataset": "composite"}, "no dataset 'composite'"),
        ({"dataset": "leg_counting", "options": {"legs": 3}}, "does not take these options"),
        ({"dataset": "leg_counting", "options": {"max_animals": -1}}, "does not take"),
        ({"options": {"max_animals": 3}}, "name it by `dataset`"),
        ({"dataset": "n_queens"}, "calls eval"),
        ({"dataset": "countdown"}, "calls parse_expr"),
    ],
)
def test_wrong_configs_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_grader(ReasoningGym, **config)


@pytest.mark.parametrize("tag", ["", "a b", "<a>"])
def test_a_tag_is_a_name(tag: str) -> None:
    with pytest.raises(ValidationError):
        make_grader(ReasoningGym, tag=tag)


def test_scorers_that_evaluate_answers_need_to_be_allowed() -> None:
    (row,) = stored("n_queens", 1)
    sample = sample_of(row, f"<answer>{row['answer']}</answer>")
    grade = graded(make_grader(ReasoningGym), sample)
    assert grade.error is not None
    assert "calls eval" in grade.error.message
    assert graded(make_grader(ReasoningGym, allow_eval=True), sample).score == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": None}, "column `metadata` must be an object"),
        ({"metadata": "{"}, "column `metadata` is not JSON"),
        ({"metadata": {}}, "`metadata.source_dataset` is no text"),
        ({"metadata": {"source_dataset": "nothing"}}, "no dataset 'nothing'"),
        ({"answer": 3}, "column `answer` must be a text or null"),
    ],
)
def test_rows_that_are_no_entries_are_refused(
    legs: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    item = Item("i", (), legs | change)
    with pytest.raises(ValueError, match=message):
        make_grader(ReasoningGym).check_item(item)
    assert graded(make_grader(ReasoningGym), Sample(item, "<answer>1</answer>")).error


def test_a_row_without_answer_or_of_another_dataset_is_refused(legs: dict[str, Any]) -> None:
    lacking = {key: value for key, value in legs.items() if key != "answer"}
    with pytest.raises(ValueError, match="no column `answer`"):
        make_grader(ReasoningGym).check_item(Item("i", (), lacking))
    with pytest.raises(ValueError, match="of the dataset 'leg_counting', not of 'sudoku'"):
        make_grader(ReasoningGym, dataset="sudoku").check_item(Item("i", (), legs))


def test_grading_changes_no_row() -> None:
    for name in SOME:
        (row,) = stored(name, 1)
        before = json.dumps(row)
        item = Item(row["id"], (), row)
        make_grader(ReasoningGym).grade(Sample(item, f"<answer>{row['answer']}</answer>"))
        assert json.dumps(row) == before


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_rows_are_written_and_the_same_for_the_same_seed(run: Run) -> None:
    words = ("write", "leg_counting", "--size", "3", "--option", "max_animals=4", "--seed")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(*words, seed, "-o", f"{name}.jsonl").exit_code == 0
    first, again, other = (Path(f"{name}.jsonl").read_text() for name in "abc")
    assert first == again != other
    lines = [json.loads(line) for line in first.splitlines()]
    assert [line["id"] for line in lines] == [f"leg_counting-1-{i}" for i in range(3)]
    assert all(len(line["metadata"]["animals"]) <= 4 for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing", "-o", "a.jsonl"), "no dataset 'nothing'"),
        (("leg_counting", "-o", "a.jsonl", "--option", "legs"), "NAME=VALUE"),
        (("leg_counting", "-o", "a.jsonl", "--option", "legs=["), "not YAML"),
        (("leg_counting", "-o", "a.jsonl", "--option", "legs=1"), "does not take these options"),
        (("leg_counting", "-o", "no/such/folder.jsonl"), "No such file"),
    ],
)
def test_wrong_words_are_usage_errors(run: Run, words: tuple[str, ...], message: str) -> None:
    result = run("write", *words)
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


def test_a_file_is_never_overwritten(run: Run) -> None:
    Path("a.jsonl").write_text("mine")
    result = run("write", "leg_counting", "-o", "a.jsonl")
    assert isinstance(result.exception, UsageError)
    assert Path("a.jsonl").read_text() == "mine"


def test_all_datasets_are_listed(run: Run) -> None:
    assert run("list").output.split() == datasets.names()


def test_the_distribution_registers_grader_and_command() -> None:
    plugins = plugin_manager()
    assert plugins.graders["reasoning_gym"].cls is ReasoningGym
    assert plugins.commands()["reasoning-gym"] is app
