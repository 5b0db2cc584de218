"""The README's options, examples and code are those of the package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.endpoint_config import EndpointConfig
from rft_grader_judge.verdict_config import (
    LabelVerdict,
    RelativeVerdict,
    RubricVerdict,
    ScoreVerdict,
)

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
JUDGES = [
    grader["config"]
    for example in EXAMPLES
    for grader in example["reward"]["graders"].values()
    if grader["use"] == "judge"
]


def options(intro: str) -> dict[str, list[str]]:
    """Return the rows of the first table after `intro` by their first cell."""
    table = README.split(intro, 1)[1].split("\n|", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_there_are_examples_of_every_mode() -> None:
    modes = {config["verdict"]["mode"] for config in JUDGES}
    assert modes == {"score", "label", "rubric", "relative"}


@pytest.mark.parametrize("config", JUDGES)
def test_the_examples_are_valid(config: Mapping[str, Any], tmp_path: Path) -> None:
    (tmp_path / "policy.md").write_text("Does it comply?")
    JudgeConfig.model_validate(config, context={"base_dir": tmp_path})


@pytest.mark.parametrize(
    ("intro", "model"), [("## Options", JudgeConfig), ("`endpoint`:", EndpointConfig)]
)
def test_every_option_is_listed_with_its_default(intro: str, model: Any) -> None:
    listed = options(intro)
    assert list(listed) == list(model.model_fields)
    for name, field in model.model_fields.items():
        default = listed[name][0].strip("`")
        if field.is_required():
            assert default == "required"
        elif isinstance(field.default, bool | int | str) and default != "the whole text":
            assert default == str(field.default).lower()
        elif field.default is None:
            assert default in {"none", "the whole text"} or "OPENAI_API_KEY" in default


def test_every_setting_of_a_verdict_is_listed() -> None:
    listed = options("`verdict`, by mode:")
    by_mode = {
        "score": ScoreVerdict,
        "label": LabelVerdict,
        "rubric": RubricVerdict,
        "relative": RelativeVerdict,
    }
    wanted = {
        name: mode
        for mode, model in by_mode.items()
        for name in model.model_fields
        if name != "mode"
    }
    assert {name: row[0] for name, row in listed.items()} == wanted


@pytest.mark.parametrize("code", CODE)
def test_the_code_runs(code: str) -> None:
    exec(code, {})  # noqa: S102 - the README's own example
