"""Rows to practise on: the same for a seed, none in both splits, and right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rft_pack_legal.practice import render, splits
from rft_pack_legal.subjects import DOMAINS, SUBJECTS

from rft_core.task.task import load_task
from rft_core.testing.subject import RewardSubject
from rft_core.types import Sample

PACK = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "rft_pack_legal.practice"]


def subjects_of(title: str) -> frozenset[str]:
    phrases = {phrase for phrases in SUBJECTS.values() for phrase in phrases}
    return frozenset(phrase for phrase in phrases if phrase in title)


def test_the_command_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name, hashing in (("one", "1"), ("two", "2")):
        subprocess.run(
            [*COMMAND, "--rows", "40", "--seed", "7", "--output", str(tmp_path / name)],
            check=True,
            env={"PYTHONHASHSEED": hashing},
        )
    for file, count in (("train.jsonl", 40), ("validation.jsonl", 10)):
        written = (tmp_path / "one" / file).read_bytes()
        assert written == (tmp_path / "two" / file).read_bytes()
        assert len(written.splitlines()) == count


def test_another_seed_gives_other_rows() -> None:
    titles = {row["title"] for seed in (1, 2) for row in splits(50, seed)["train"]}
    assert len(titles) == 100


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_subjects_are_in_both_splits(seed: int) -> None:
    found = splits(400, seed)
    train, validation = (
        {subjects_of(row["title"]) for row in found[name]} for name in ("train", "validation")
    )
    assert len(train) == 400
    assert len(validation) == 100
    assert not train & validation
    ids = [row["id"] for rows in found.values() for row in rows]
    assert len(set(ids)) == len(ids)


def test_topics_are_those_of_the_subjects() -> None:
    for row in splits(200, 5)["train"]:
        named = {
            domain
            for domains, phrases in SUBJECTS.items()
            for domain in domains
            if any(phrase in row["title"] for phrase in phrases)
        }
        assert row["topics"] == [domain for domain in DOMAINS if domain in named]
        assert row["answer"] == render(row["topics"])


def test_no_phrase_is_part_of_another() -> None:
    phrases = [phrase for phrases in SUBJECTS.values() for phrase in phrases]
    inside = [(one, two) for one in phrases for two in phrases if one != two and one in two]
    assert inside == []
    assert len(set(phrases)) == len(phrases)


def test_all_domains_are_practised() -> None:
    topics = {topic for row in splits(200, 1)["train"] for topic in row["topics"]}
    assert topics == set(DOMAINS)


def test_the_packs_own_rows_are_those_of_seed_1() -> None:
    for name, rows in splits(120, 1).items():
        text = (PACK / "data" / f"{name}.jsonl").read_text("utf-8")
        assert [json.loads(line) for line in text.splitlines()] == rows


def test_right_answers_earn_full_marks() -> None:
    task = load_task(PACK / "task.inline.yaml")
    items = task.train_items()
    with RewardSubject(task) as subject:
        grades = subject.grade([Sample(item, item.fields["answer"]) for item in items])
    assert {grade.score for grade in grades} == {1.0}


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
