"""The README's and the demo's task files, rows and table are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rft_env_guess import GuessConfig, GuessGameConfig, GuessGrader, TurnDiscountConfig
from rft_env_guess.game import Game
from rft_env_guess.rows import rows

from rft_core.task.task import load_task
from rft_core.testing import make_grader, make_sample

HERE = Path(__file__).resolve().parent.parent
README = (HERE / "README.md").read_text()


def test_the_example_loads_with_the_practice_rows(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "task.yaml").write_text(block)
    (tmp_path / "data").mkdir()
    for name, written in rows().items():
        lines = "".join(json.dumps(row) + "\n" for row in written)
        (tmp_path / "data" / f"{name}.jsonl").write_text(lines)
    assert len(load_task(tmp_path / "task.yaml").train_items()) == 79


def test_the_demo_loads_and_its_rows_are_those_that_are_written() -> None:
    assert len(load_task(HERE / "demo" / "task.yaml").validation_items()) == 31
    for name, written in rows().items():
        lines = (HERE / "demo" / "data" / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == written


def test_the_row_and_the_game_shown_are_a_game() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    row = json.loads(block)
    fields = {key: value for key, value in row.items() if key not in {"id", "messages"}}
    sample = make_sample("", **fields)
    make_grader(GuessGrader).check_item(sample.item)
    (shown,) = re.findall(r"```\n(policy .*?)```", README, re.DOTALL)
    said = [line.split() for line in shown.splitlines()]
    turns = [words[1] for words in said if words[0] == "policy"]
    replies = [words[1] for words in said if words[0] == "environment"]
    assert Game.of(sample.item).replies(turns) == [*replies, "right"]


def test_every_option_is_in_the_readme() -> None:
    for config in (GuessConfig, GuessGameConfig, TurnDiscountConfig):
        assert [name for name in config.model_fields if f"`{name}`" not in README] == []
