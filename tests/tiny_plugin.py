"""A plugin of one module, as its author has it: found on the path, without pip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODULE = '''\
import time

from pydantic import Field

from rft_core import Grade, Grader, PluginConfig, hookimpl


class AnswerConfig(PluginConfig):
    anywhere: bool = Field(default=False, description="the answer may stand anywhere")


class Answer(Grader[AnswerConfig]):
    """1 if the completion is the row's answer, or contains it if `anywhere` is on."""

    name = "acme_answer"
    version = "1"
    family = "answer"
    Config = AnswerConfig

    def check_item(self, item):
        if not isinstance(item.fields.get("answer"), str) or not item.fields["answer"]:
            raise ValueError("column `answer` must be a text")

    def reference_completion(self, item):
        return item.fields["answer"]

    def grade(self, sample):
        expected, given = sample.item.fields["answer"].strip(), sample.text.strip()
        right = expected in given if self.config.anywhere else expected == given
        return Grade(1.0) if right else Grade(0.0, f"not {expected!r}")


class Slow(Answer):
    """Takes its time."""

    name = "acme_slow"

    def grade(self, sample):
        time.sleep(0.2)
        return super().grade(sample)


@hookimpl
def rft_register_graders():
    return [Answer, Slow]
'''

CASES = [
    {"id": "right", "item": {"id": "q1", "answer": "42"}, "completion": "42", "expected": 1},
    {"id": "wrong", "item": {"id": "q1", "answer": "42"}, "completion": "54", "expected": 0},
    {"id": "other", "item": {"id": "q2", "answer": "81"}, "completion": "81", "expected": 1},
    {"id": "part", "item": {"id": "q2", "answer": "81"}, "completion": "1814", "expected": 0},
    {"id": "row", "item": {"id": "q3"}, "completion": "1", "expected": {"outcome": "error"}},
]

SECTIONS = """\
[tool.rft.graders.acme_answer]
cases = "cases.jsonl"
[tool.rft.graders.acme_answer.accept]
M16a = "the answer has to stand alone"
M16b = "the answer has to stand alone"
M16c = "the answer has to stand alone"
M16d = "the answer has to stand alone"
"""


def write_plugin(folder: Path, sections: str = SECTIONS) -> None:
    """Write module, metadata, cases and a pyproject.toml with the given sections into a folder."""
    (folder / "acme_answer.py").write_text(MODULE)
    info = folder / "acme_answer-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-answer\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[rft]\nacme = acme_answer\n")
    (folder / "pyproject.toml").write_text(sections)
    write_cases(folder / "cases.jsonl", CASES)


def write_cases(path: Path, cases: list[dict[str, Any]]) -> None:
    """Write cases as JSONL."""
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
