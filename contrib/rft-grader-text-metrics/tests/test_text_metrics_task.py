"""A task file with all three graders, as `rft check` and `rft grade` see it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.cli.app import main

TASK = """\
data: {train: rows.jsonl}
messages: [{role: user, content: "Summarise: {{ item.article }}"}]
reward:
  graders:
    bleu: {use: bleu, config: {reference: gold}}
    rouge: {use: rouge, config: {reference: gold, stem: true}}
    meteor: {use: meteor, executor: process, config: {reference: gold}}
"""
GOLD = [
    ["Heavy rain closed three schools in the valley.", "Rain shut three valley schools."],
    ["The new bridge will open in May."],
]


@pytest.fixture
def rft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Return a function that runs a command on the task and returns exit code and output."""
    (tmp_path / "task.yaml").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*command: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["rft", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_references_earn_full_marks_and_constants_do_not(
    rft: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    write(tmp_path / "rows.jsonl", [{"article": f"no {i}", "gold": g} for i, g in enumerate(GOLD)])
    code, said = rft("check", "task.yaml")
    assert code == 0, said
    assert "reference" in said


def test_a_blank_reference_is_told_with_its_line(
    rft: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    write(
        tmp_path / "rows.jsonl", [{"article": "a", "gold": GOLD[0]}, {"article": "b", "gold": ""}]
    )
    code, said = rft("check", "task.yaml")
    assert code == 2
    assert "rows.jsonl:2" in said
    assert "a reference is blank" in said


def test_files_are_graded(rft: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    rows = [{"id": f"r{i}", "article": f"no {i}", "gold": gold} for i, gold in enumerate(GOLD)]
    write(tmp_path / "rows.jsonl", rows)
    texts = [GOLD[0][1], "", "the new bridge will be opened in June"]
    samples = [
        {"item": rows[place], "completion": text}
        for place, text in zip((0, 0, 1), texts, strict=True)
    ]
    write(tmp_path / "answers.jsonl", samples)
    code, said = rft("grade", "answers.jsonl", "--task", "task.yaml", "-o", "graded")
    assert code == 0, said
    (path,) = Path("graded", "samples").iterdir()
    graded = [json.loads(line) for line in path.read_text().splitlines()]
    scores = [[grade["score"] for grade in one["grades"].values()] for one in graded]
    assert scores[:2] == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    assert all(0.0 < score < 1.0 for score in scores[2])
