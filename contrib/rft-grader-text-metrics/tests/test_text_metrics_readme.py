"""The README's task files and numbers are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rft_grader_text_metrics import BleuGrader, MeteorGrader, RougeGrader

from rft_core.cases import read_cases
from rft_core.task.task import load_task
from rft_core.testing import grade_one, make_grader, make_sample

HERE = Path(__file__).resolve().parent.parent
README = (HERE / "README.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
GRADERS = {"bleu": BleuGrader, "rouge": RougeGrader, "meteor": MeteorGrader}


@pytest.mark.parametrize("block", BLOCKS)
def test_task_files_load(block: str, tmp_path: Path, nltk_data: Path) -> None:
    (tmp_path / "nltk_data").symlink_to(nltk_data)
    (tmp_path / "rows.jsonl").write_text(
        '{"text": "a b", "reference_answer": "a b", "gold": [{"text": "a b"}]}\n'
    )
    task: dict[str, Any] = yaml.safe_load(block)
    task["data"] = {"train": "rows.jsonl"}
    task["messages"] = [{"role": "user", "content": "{{ item.text }}"}]
    path = tmp_path / "task.yaml"
    path.write_text(yaml.safe_dump(task))
    assert len(load_task(path).train_items()) == 1


@pytest.mark.parametrize("cls", GRADERS.values())
def test_every_option_is_in_the_readme(cls: Any) -> None:
    missing = [name for name in cls.Config.model_fields if f"`{name}`" not in README]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "paraphrase"), [("bleu", 0.06), ("rouge", 0.38), ("meteor", 0.32)]
)
def test_the_scores_under_weaknesses_are_those_of_the_cases(name: str, paraphrase: float) -> None:
    cases = {case.id: case for case in read_cases(HERE / "cases" / f"{name}.jsonl")}

    def score(case: str) -> float:
        grader = make_grader(GRADERS[name])
        text, fields = cases[case].completion, dict(cases[case].item.fields)
        found = grade_one(grader, make_sample(text, **fields)).score
        assert found is not None
        return found

    assert score("paraphrase") == pytest.approx(paraphrase, abs=0.006)
    assert score("negated") > 0.8
    if name == "meteor":
        assert score("twice") == pytest.approx(0.91, abs=0.005)
        assert score("half") == pytest.approx(0.53, abs=0.005)
        assert score("echo-and-half") == pytest.approx(0.75, abs=0.005)


@pytest.mark.parametrize(("words", "marks"), [(1, 0.5), (2, 0.94), (10, 0.9995)])
def test_a_perfect_answer_pays_meteors_penalty_unless_rescaled(words: int, marks: float) -> None:
    text = " ".join(f"w{number}" for number in range(words))
    sample = make_sample(text, reference_answer=text)
    raw = grade_one(make_grader(MeteorGrader, rescale=False), sample)
    assert raw.score == pytest.approx(marks, abs=0.003)
    assert grade_one(make_grader(MeteorGrader), sample).score == 1.0
