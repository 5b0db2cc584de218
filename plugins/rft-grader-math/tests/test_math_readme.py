"""The README's options, examples and disagreements are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rft_grader_math import Policy, compare, equivalent, extract
from rft_grader_math.config import MathConfig
from rft_grader_math.grader import MathGrader

from rft_core.testing import make_grader

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


def rows(heading: str) -> list[list[str]]:
    section = README.split(heading, 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r" \| ", line.strip("| "))] for line in lines]


def test_every_option_is_described_with_its_default() -> None:
    documented = {name.strip("`"): default for name, default, _ in rows("## Options")}
    fields = MathConfig.model_fields
    assert set(documented) == set(fields)
    for name, field in fields.items():
        if name == "extract":
            assert documented[name] == "all but `json`"
        else:
            assert yaml.safe_load(documented[name].strip("`")) == field.default


def test_every_place_is_described_in_order() -> None:
    documented = [place.strip("`") for place, _ in rows("## Where the answer is looked for")]
    assert [place for place in documented if place != "json"] == list(Policy().extract)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_valid_and_raise_no_warnings(example: dict[str, Any]) -> None:
    assert example["use"] == MathGrader.name
    assert list(make_grader(MathGrader, **example["config"]).warnings()) == []


def test_the_code_example_says_what_it_returns() -> None:
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    scope = {"equivalent": equivalent, "extract": extract, "compare": compare}
    said = re.findall(r"^(\w+\(.*\)(?:\.\w+)?) +# ([^:,\n]+)", block[1], re.MULTILINE)
    assert len(said) == 6
    for code, value in said:
        assert eval(code, dict(scope)) == eval(value), code  # noqa: S307 - the README is ours


def test_known_disagreements_are_as_described() -> None:
    assert not equivalent(r"1 - \frac{1}{\mathrm{e}}", r"1 + \frac{1}{\mathrm{e}}")
    assert not equivalent(r"10\%", "10")
    assert equivalent(r"10\%", "10", Policy(percent="ignore"))
    assert not equivalent("0.005", "0")
