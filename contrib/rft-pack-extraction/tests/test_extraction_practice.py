"""Rows to practise on: the same for a seed, none in both splits, and right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rft_pack_extraction import RecordGrader
from rft_pack_extraction.practice import splits

from rft_core.task.task import load_task
from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.testing.subject import RewardSubject
from rft_core.types import Sample

PACK = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "rft_pack_extraction.practice"]
KINDS = ["order", "invoice"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_writes_the_same_bytes_each_time(kind: str, tmp_path: Path) -> None:
    for name, hashing in (("one", "1"), ("two", "2")):
        command = [*COMMAND, "--kind", kind, "--rows", "40", "--seed", "7"]
        subprocess.run(
            [*command, "--output", str(tmp_path / name)],
            check=True,
            env={"PYTHONHASHSEED": hashing},
        )
    for file, count in (("train.jsonl", 40), ("validation.jsonl", 10)):
        written = (tmp_path / "one" / file).read_bytes()
        assert written == (tmp_path / "two" / file).read_bytes()
        assert len(written.splitlines()) == count


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_other_rows(kind: str) -> None:
    texts = {row["text"] for seed in (1, 2) for row in splits(kind, 50, seed)["train"]}
    assert len(texts) == 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["id", "text", "answer"])
def test_nothing_is_in_both_splits(kind: str, key: str) -> None:
    found = splits(kind, 400, 3)
    train, validation = ({row[key] for row in found[name]} for name in ("train", "validation"))
    assert len(train) == 400
    assert len(validation) == 100
    assert not train & validation


def test_an_order_has_all_of_its_record_in_its_text() -> None:
    for row in splits("order", 200, 1)["train"]:
        for value in row["record"].values():
            assert str(value) in row["text"]


def test_an_invoice_has_what_can_be_looked_up_in_its_text() -> None:
    for row in splits("invoice", 100, 1)["train"]:
        record, text = row["record"], row["text"]
        assert record["number"] in text
        assert record["seller"]["name"] in text
        assert record["total"]["value"] >= record["net"]["value"]
        assert all(item in text for item in record["items"])
        assert record["paid"] == ("Paid with thanks" in text)
        assert ("due" in record) == ("Please pay until" in text)


def test_the_packs_own_rows_are_those_of_seed_1() -> None:
    for kind, count, folder in (("order", 160, ""), ("invoice", 80, "invoice")):
        for name, rows in splits(kind, count, 1).items():
            text = (PACK / "data" / folder / f"{name}.jsonl").read_text("utf-8")
            assert [json.loads(line) for line in text.splitlines()] == rows


def test_right_answers_earn_full_marks() -> None:
    task = load_task(PACK / "task.inline.yaml")
    items = task.train_items()
    with RewardSubject(task) as subject:
        grades = subject.grade([Sample(item, item.fields["answer"]) for item in items])
    assert {grade.score for grade in grades} == {1.0}


def test_the_records_of_invoices_are_right_by_the_spec() -> None:
    spec = yaml.safe_load((PACK / "authoring/extraction/invoice.yaml").read_text("utf-8"))
    grader = make_grader(RecordGrader, **spec["reward"]["graders"]["fields"]["config"])
    for row in splits("invoice", 100, 2)["train"]:
        assert grade_one(grader, make_sample(row["answer"], record=row["record"])).score == 1.0


@pytest.mark.parametrize("rows", ["0", "-3", "20001", "many"])
def test_a_wrong_number_of_rows_is_told(rows: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--rows", rows, "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert rows in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
