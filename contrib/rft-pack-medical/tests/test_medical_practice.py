"""Practice data: the same for a seed, without overlap, and with right answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rft_pack_medical.practice import main, make_rows

HERE = Path(__file__).resolve().parent.parent
TEXT = "note"


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def test_a_seed_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    for name in ("one", "other"):
        command = ["-m", "rft_pack_medical.practice", "--rows", "50", "--seed", "7", "--output"]
        subprocess.run([sys.executable, *command, str(tmp_path / name)], check=True)
    for file in ("train.jsonl", "validation.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
    assert len(rows(tmp_path / "one", "train")) == 40
    assert len(rows(tmp_path / "one", "validation")) == 10


def test_another_seed_gives_other_rows() -> None:
    assert make_rows(50, 1)["train"] != make_rows(50, 2)["train"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_there_twice(seed: int) -> None:
    made = make_rows(1000, seed)
    texts = [row[TEXT] for part in made.values() for row in part]
    assert len(set(texts)) == 1000
    names = [row["id"] for part in made.values() for row in part]
    assert len(set(names)) == 1000


def test_the_rows_of_the_pack_are_those_of_the_command(tmp_path: Path) -> None:
    main(["--rows", "200", "--seed", "1", "--output", str(tmp_path)])
    for file in ("train.jsonl", "validation.jsonl"):
        assert (tmp_path / file).read_bytes() == (HERE / "data" / file).read_bytes()


@pytest.mark.parametrize("count", [-1, 0, 4, 10_000_000])
def test_a_wrong_number_of_rows_is_told(
    count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--rows={count}", "--output", str(tmp_path)])
    assert ended.value.code == 2
    assert "--rows: 5 to" in capsys.readouterr().err
