"""The README's options, examples and scores are those of the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rft_grader_jsonschema import JsonSchemaConfig, JsonSchemaGrader

from rft_core.testing import make_grader, make_sample

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


def rows(heading: str) -> list[list[str]]:
    section = README.split(heading, 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r" \| ", line.strip("| "))] for line in lines]


def score(config: dict[str, Any], text: str) -> float | None:
    grader = make_grader(JsonSchemaGrader, **config)
    return grader.grade_batch([make_sample(text)])[0].score


def test_every_option_is_described_with_its_default() -> None:
    documented = {name.strip("`"): default for name, default, _ in rows("## Options")}
    fields = JsonSchemaConfig.model_fields
    assert set(documented) == {field.alias or name for name, field in fields.items()}
    for name, field in fields.items():
        shown = documented[field.alias or name].strip("`")
        if field.is_required():
            assert shown == "required"
        elif shown == "none":
            assert field.default is None
        else:
            assert yaml.safe_load(shown) == field.get_default(call_default_factory=True)


@pytest.mark.usefixtures("fast")  # the examples check formats
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_valid_and_raise_no_warnings(example: dict[str, Any]) -> None:
    assert example["use"] == JsonSchemaGrader.name
    grader = make_grader(JsonSchemaGrader, **example["config"])
    assert list(grader.warnings()) == []


def test_scores_in_the_table() -> None:
    table = rows("may talk around its answer")
    for completion, expected in table:
        assert score(EXAMPLES[1]["config"], completion.strip("`")) == float(expected)
    assert len(table) == 5


@pytest.mark.usefixtures("fast")
def test_the_gate_and_the_resources() -> None:
    gate, _, dates = (example["config"] for example in EXAMPLES)
    assert score(gate, json.dumps({"level1": [{"code": "04 politics"}]})) == 1.0
    assert score(gate, json.dumps({"level1": [{"code": "politics"}]})) == 0.0
    for answer, expected in (
        ({"due": "2024-02-29", "price": 0.29}, 1.0),
        ({"due": "2024-02-30", "price": 0.29}, 0.0),
        ({"due": "2024-02-29", "price": 0.295}, 0.0),
    ):
        assert score(dates, f"```json\n{json.dumps(answer)}\n```") == expected
