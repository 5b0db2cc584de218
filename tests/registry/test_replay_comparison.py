"""Two versions of a spec: cases of both, published scores, and what a run sampled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.replay import compare, read_samples, replay
from grader_registry.replay.command import diff_command
from grader_registry.replay.moves import Moves, Pair
from grader_registry.replay.union import union
from grader_registry.stores.folder import FolderStore
from grader_registry.subject import Score
from rft_core.errors import UsageError
from rft_core.run.records import sample_lines
from rft_core.task.task import load_task
from rft_core.types import Sample

PLAIN: dict[str, Any] = {
    "name": "legal/tags",
    "description": "Topics",
    "owners": ["ada@example.org"],
    "license": "MIT",
}
CONFIG = {"labels": "$.topics[*]", "reference": "topics"}
F1 = {"use": "multilabel", "config": CONFIG}
PRECISION = {"use": "multilabel", "config": {**CONFIG, "metric": "precision"}}
BOTH, ONE, EXTRA = (
    json.dumps({"topics": topics}) for topics in (["a", "b"], ["a"], ["a", "b", "c"])
)


def case(name: str, topics: list[str], completion: str) -> dict[str, Any]:
    item = {"id": name[0], "topics": topics}
    return {"id": name, "item": item, "completion": completion, "expected": 1}


CASES = [case("x1", ["a", "b"], BOTH), case("x2", ["a", "b"], ONE), case("x3", ["a", "b"], EXTRA)]


def document(version: str = "1.0.0", **changed: Any) -> Document:
    kept = {**PLAIN, "version": version, "grader": F1, "cases": CASES, **changed}
    return Document.write({key: value for key, value in kept.items() if value}, "here")


def test_moves_are_sorted_counted_and_ranked() -> None:
    scores: list[tuple[Score, Score]] = [(0.5, 0.5), (0.2, 0.9), (1.0, 0.6), (None, 0.1), (1, None)]
    moves = Moves([Pair(f"c{i}", "item", old, new) for i, (old, new) in enumerate(scores)])
    assert [pair.where for pair in moves.moved] == ["c3", "c4", "c1", "c2"]
    facts = moves.summary()
    assert (facts["compared"], facts["moved"], facts["rose"], facts["fell"]) == (5, 4, 2, 2)
    assert facts["largest"] == pytest.approx(0.7)
    assert facts["mean_change"] == pytest.approx(0.1)
    assert facts["old"] == {"mean": pytest.approx(0.675), "scored": 4, "not applicable": 1}
    assert moves.ranking.groups == 1
    assert moves.ranking.new_best == 1
    assert json.loads(json.dumps(moves.as_json()))["moves"][2]["difference"] == pytest.approx(0.7)


def test_the_union_has_each_case_once_and_keeps_items_together() -> None:
    old = document(cases=[*CASES, case("y1", ["a"], ONE), case("z1", ["b"], ONE)])
    renamed = [{**one, "id": f"n{i}", "expected": 0} for i, one in enumerate(CASES)]
    assert union(old, document(cases=renamed))[1] == [*old.spec.cases[3:]]
    first, rest = union(old, document(cases=[*CASES[:2], *old.spec.cases[3:]]))
    assert len(first) == 4
    assert [one["id"] for one in rest] == ["x1", "x2", "x3"]
    assert union(old, old)[1] == []


def test_published_scores_are_compared_without_grading() -> None:
    nowhere = {"use": "not_installed"}
    old = document(grader=nowhere, scores=[1, 0.5, 0.5])
    new = document("2.0.0", grader=nowhere, cases=CASES[1:], scores=[0.25, 0.5])
    found = compare(old, new)
    assert not found.is_measured
    assert [(pair.where, pair.old, pair.new) for pair in found.cases.pairs] == [
        ("case x2", 0.5, 0.25),
        ("case x3", 0.5, 0.5),
    ]
    assert "1 of 2 cases move: 0 up, 1 down" in str(found)
    unmeasured = compare(old, document("2.0.0"))
    assert unmeasured.cases.pairs == []
    assert unmeasured.notes == ("legal/tags@2.0.0 was published without scores",)
    assert "no cases to compare" in str(unmeasured)


def test_the_configs_are_compared_as_yaml() -> None:
    files = {"s.json": "{\n}\n"}
    old = document(files=files)
    new = document("1.1.0", grader=PRECISION, files={"s.json": '{\n"a": "\x1b[31m"}\n'})
    lines = compare(old, new).config
    assert lines[:2] == ("--- legal/tags@1.0.0", "+++ legal/tags@1.1.0")
    assert "+    metric: precision" in lines
    assert '+"a": "\\x1b[31m"}' in lines
    assert all(line.isprintable() for line in lines)
    assert compare(old, document("1.0.1", files=files)).config == ()


def test_both_versions_grade_and_what_was_published_is_held_against_it() -> None:
    old = document(scores=[1, 0.5, 0.8], graders={"multilabel": "0"})
    found = replay(old, document("1.1.0", grader=PRECISION))
    assert found.is_measured
    assert [(pair.where, pair.new) for pair in found.cases.moved] == [
        ("case x2", 1.0),
        ("case x3", pytest.approx(2 / 3)),
    ]
    assert found.cases.ranking.reordered == 1
    versions, drift = found.notes
    assert "multilabel was 0, here it is 1" in versions
    assert drift.startswith("1 of 3 cases of legal/tags@1.0.0 score otherwise here")


def test_an_old_version_that_no_longer_grades_is_compared_by_its_scores() -> None:
    old = document(grader={"use": "not_installed"}, scores=[1, 1, "error"])
    found = replay(old, document("2.0.0", cases=CASES[:1]))
    assert (found.cases.pairs[0].old, found.cases.pairs[0].new) == (1, 1.0)
    assert [one.where for one in found.cases.moved] == ["case x3 of 1.0.0", "case x2 of 1.0.0"]
    assert "cannot be graded with here" in found.notes[0]
    with pytest.raises(RegistryError, match="was published without scores"):
        replay(document(grader={"use": "not_installed"}), document("2.0.0"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run directory, as training writes it: two steps, two items, three answers each."""
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    rows = [{"id": "p", "topics": ["a", "b"]}, {"id": "q", "topics": ["a"]}]
    prompt = {"messages": [{"role": "user", "content": "Which?"}]}
    data = folder / "train.jsonl"
    data.write_text("".join(json.dumps({**row, **prompt}) + "\n" for row in rows))
    task = {"data": {"train": str(data)}, "reward": {"graders": {"f1": F1}}}
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    loaded = load_task(folder / "task.yaml")
    items = loaded.train_items()
    with loaded.engine() as engine:
        for step in (1, 2):
            answers = [Sample(item, text) for item in items for text in (BOTH, ONE, EXTRA)]
            lines = sample_lines(engine.grade(answers))
            (folder / "samples" / f"train-{step:06d}.jsonl").write_text(lines)
    return folder


def test_the_samples_of_a_run_are_read_by_step_and_item(run: Path) -> None:
    samples = read_samples(run, None)
    assert [item.id for item in samples.items] == ["p", "q"]
    assert [len(batch) for batch in samples.batches] == [6, 6]
    assert samples.places[0] == ("train-000001.jsonl:1", "train-000001.jsonl None p")
    assert len({group for _, group in samples.places}) == 4
    assert samples.is_all
    first = read_samples(run, None, limit=7)
    assert len(first.places) == 6
    assert not first.is_all


def test_a_runs_samples_are_graded_with_both_versions(run: Path) -> None:
    new = document("1.1.0", grader=PRECISION)
    found = replay(document(), new, samples=read_samples(run, None)).samples
    assert found is not None
    assert len(found.pairs) == 12
    assert [(one.where, one.old, one.new) for one in found.pairs[:2]] == [
        ("train-000001.jsonl:1", 1.0, 1.0),
        ("train-000001.jsonl:2", pytest.approx(2 / 3), 1.0),
    ]
    assert (found.ranking.groups, found.ranking.reordered) == (4, 2)


def test_rows_that_a_version_refuses_are_errors(run: Path) -> None:
    other = {"use": "multilabel", "config": {**CONFIG, "reference": "labels"}}
    new = document("2.0.0", grader=other, cases=None)
    found = replay(document(cases=None), new, samples=read_samples(run, None)).samples
    assert found is not None
    assert {pair.new for pair in found.pairs} == {"error"}


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no run directory"):
        read_samples(tmp_path, None)
    (tmp_path / "task.yaml").write_text("data: {}\n")
    with pytest.raises(UsageError):
        read_samples(tmp_path, None)


def test_the_diff_of_a_published_version_and_an_authoring_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FolderStore.create(tmp_path / "store", "store")
    store.publish(document())
    (tmp_path / "rft.toml").write_text('[registry]\nstores = ["store"]\n')
    (tmp_path / "cases.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in CASES))
    own = {**PLAIN, "version": "1.1.0", "grader": PRECISION, "cases": "cases.jsonl"}
    authoring = tmp_path / "tags.yaml"
    authoring.write_text(yaml.safe_dump({**own, "changes": "Precision alone."}))
    arguments: Any = {"old": "legal/tags@^1", "new": str(authoring), "project": tmp_path}
    assert diff_command(**arguments, run=None, as_json=True) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["old"]["spec"] == "legal/tags@1.0.0"
    assert (plain["cases"]["moved"], plain["cases"]["rose"], plain["cases"]["fell"]) == (2, 1, 1)
    assert plain["samples"] is None


def test_the_diff_of_two_files_on_a_run(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version, grader in (("1.0.0", F1), ("2.0.0", PRECISION)):
        data = document(version, grader=grader).data
        (tmp_path / f"{version}.json").write_bytes(data)
    names = [str(tmp_path / f"{version}.json") for version in ("1.0.0", "2.0.0")]
    assert diff_command(old=names[0], new=names[1], run=run, project=tmp_path) == 0
    printed = capsys.readouterr().out
    assert "\n+    metric: precision\n" in printed
    assert "  2 of 3 cases move: 1 up, 1 down or to no score\n" in printed
    assert "this is a major change" in printed
    assert "of 12 samples move" in printed
    assert "of 4 groups of one item's completions, " in printed


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("legal/tags@^7", "no version of legal/tags fits"),
        ("legal/nothing", "no store has legal/nothing"),
        ("Legal Tags", "is no name"),
        ("nothing.json", "No such file"),
        ("nothing.yaml", "no such file"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, named: str, message: str) -> None:
    store = FolderStore.create(tmp_path / "store", "store")
    store.publish(document())
    (tmp_path / "rft.toml").write_text('[registry]\nstores = ["store"]\n')
    with pytest.raises(UsageError, match=message):
        diff_command(old=named, new="legal/tags@1.0.0", run=None, project=tmp_path)
