"""`rft graders calibrate` as a user types it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from warm import run_warm

GRADERS = """
import random
import time
from pathlib import Path

from rft_core import Grade


def perfect(sample):
    return Grade(sample.item.fields["people"][sample.text[0]], "as people do", {"cost": 0.25})


def constant(sample):
    return 0.5


def lengthy(sample):
    return 0.6 * perfect(sample).score + 0.4 * len(sample.text) / 400


def unstable(sample):
    return random.random()


def failing(sample):
    if sample.text[0] == "a" and int(sample.item.id[1:]) % 2:
        raise OSError("no service [red]today[/red]")
    return perfect(sample)


def reluctant(sample):
    return None if sample.text[0] == "a" else perfect(sample)


def slow(sample):
    Path("started").touch()
    time.sleep(0.2)
    return 0.5


async def asynchronous(sample):
    return perfect(sample).score
"""

Calibrate = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rft_core", "graders", "calibrate", *arguments]


def write_cases(path: Path, items: int = 20, scale: tuple[float, float] = (0, 1)) -> None:
    """Three completions for each item; the item says what people think of each."""
    rng = np.random.default_rng(0)
    lines = []
    for number in range(items):
        people = {name: int(rng.integers(5)) / 4 for name in "abc"}
        item = {"id": f"q{number}", "people": people}
        for name, score in people.items():
            completion = name + "x" * int(rng.integers(399))
            expected = scale[0] + score * (scale[1] - scale[0])
            lines.append({"item": item, "completion": completion, "expected": expected})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def calibrate(tmp_path: Path) -> Calibrate:
    """Return a function that calibrates a function of GRADERS on twenty items."""
    (tmp_path / "graders.py").write_text(GRADERS)
    write_cases(tmp_path / "cases.jsonl")

    def run(function: str, *options: str) -> subprocess.CompletedProcess[str]:
        config = json.dumps({"path": f"graders.py:{function}", "range": [0, 1]})
        cases = () if "--cases" in options else ("--cases", "cases.jsonl")
        return run_warm(
            ["graders", "calibrate", "function", *cases, "--config", config, *options], tmp_path
        )

    return run


def read(path: Path) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(path.read_text(), parse_constant=refuse)


def test_a_perfect_grader_is_fit(calibrate: Calibrate, tmp_path: Path) -> None:
    result = calibrate("perfect", "--output", "found.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Verdict: fit" in result.stdout
    assert "Largest disagreements" not in result.stdout
    assert "nan" not in result.stdout.lower()
    found = read(tmp_path / "found.json")
    assert found["verdict"]["word"] == "fit"
    assert found["measures"]["agreement"]["spearman"] == pytest.approx(
        {"value": 1.0, "low": 1.0, "high": 1.0}
    )
    assert found["measures"]["metrics"] == {"cost": 0.25}
    assert found["measures"]["bias"]["position"]["value"] is None
    assert (found["cases"], found["items"], len(found["graded"])) == (60, 20, 60)
    assert len(found["graded"][0]["scores"]) == 3


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("constant", "gives every case the same score"),
        ("lengthy", "favours longer completions"),
        ("unstable", "is unstable"),
    ],
)
def test_a_grader_that_is_not_fit(
    function: str, reason: str, calibrate: Calibrate, tmp_path: Path
) -> None:
    result = calibrate(function, "-o", "found.json")
    assert result.returncode == 1, result.stderr
    assert "Verdict: not fit" in result.stdout
    assert reason in result.stdout
    assert "nan" not in result.stdout.lower()
    assert read(tmp_path / "found.json")["verdict"]["word"] == "not fit"


def test_the_worst_disagreements_are_shown(calibrate: Calibrate) -> None:
    shown = calibrate("constant").stdout.partition("Largest disagreements:")[2].splitlines()
    lines = [line for line in shown if line.startswith("  cases.jsonl:")]
    assert len(lines) == 5
    assert all("grader 0.50" in line for line in lines)


def test_errors_are_counted_and_no_zeros(calibrate: Calibrate, tmp_path: Path) -> None:
    result = calibrate("failing", "-o", "found.json")
    assert result.returncode == 1
    assert "fails too often: 17% of the gradings" in result.stdout
    assert "30 x grader 'function'" in result.stdout
    assert "OSError: no service [red]today[/red]" in result.stdout
    measures = read(tmp_path / "found.json")["measures"]
    assert (measures["outcomes"]["error"], measures["outcomes"]["graded_cases"]) == (30, 50)
    assert measures["agreement"]["mean_absolute_error"] == 0.0


def test_not_applicable_is_neither_error_nor_zero(calibrate: Calibrate, tmp_path: Path) -> None:
    result = calibrate("reluctant", "-o", "found.json")
    assert result.returncode == 0, result.stdout
    outcomes = read(tmp_path / "found.json")["measures"]["outcomes"]
    assert (outcomes["not_applicable"], outcomes["error"]) == (60, 0)


def test_few_cases_are_not_enough(calibrate: Calibrate, tmp_path: Path) -> None:
    write_cases(tmp_path / "few.jsonl", items=9)
    result = calibrate("perfect", "--cases", "few.jsonl")
    assert result.returncode == 1
    assert "Verdict: not enough evidence" in result.stdout
    assert "27 cases were graded, and it takes 30" in result.stdout


def test_one_case_is_no_accident(calibrate: Calibrate, tmp_path: Path) -> None:
    case = {"item": {"people": {"a": 1}}, "completion": "a", "expected": 1}
    (tmp_path / "one.jsonl").write_text(json.dumps(case))
    result = calibrate("failing", "--cases", "one.jsonl", "-o", "found.json")
    assert result.returncode == 1, result.stderr
    assert "Verdict: not enough evidence" in result.stdout
    assert "Traceback" not in result.stderr
    assert read(tmp_path / "found.json")["measures"]["agreement"]["spearman"]["value"] is None


def test_human_scores_have_their_own_scale(calibrate: Calibrate, tmp_path: Path) -> None:
    write_cases(tmp_path / "scale.jsonl", scale=(-1, 3))
    options = ("--cases", "scale.jsonl", "--human-range", "-1", "3")
    result = calibrate("asynchronous", *options, "--repeats", "2", "-o", "found.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert read(tmp_path / "found.json")["measures"]["agreement"]["mean_absolute_error"] == 0.0


def test_a_config_file_stands_where_its_files_do(calibrate: Calibrate, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "mine.py").write_text(GRADERS)
    (tmp_path / "below" / "config.yaml").write_text("range: [0, 1]\npath: mine.py:perfect\n")
    result = calibrate("constant", "--config", "below/config.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


CASE = '{"item": {}, "completion": "a", "expected": 1}\n'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["functoin"], "Did you mean 'function'?"),
        (["function"], "grader 'function' cannot do without a config: path: Field required"),
        (["function", "--config", "none.yaml"], "--config: none.yaml: no such file"),
        (["function", "--config", "{path: "], "--config:1: not YAML"),
        (["function", "--config", "[path: 1]"], "a config is a mapping of options"),
        (["function", "--config", "{paht: 'g.py:f'}"], "Did you mean 'path'?"),
        (["function", "--config", "{path: 'g.py:f'}"], "--config:1: path: cannot load 'f'"),
        (["function", "--config", "wrong.yaml"], "wrong.yaml:2: range"),
        (["multilabel", "--config", "{labels: '$[*]'}"], "cases.jsonl:1: grader 'multilabel'"),
        (["function", "--config", "{path: 'ok.py:f'}", "--cases", "no.jsonl"], "no such file"),
        (["function", "--config", "{path: 'ok.py:f'}", "--cases", "bad.jsonl"], "bad.jsonl:2: "),
        (["function", "--human-range", "1", "0"], "--human-range 1 0 is no range"),
        (["function", "--human-range", "nan", "1"], "is no range"),
        (["function", "--pass-threshold", "50"], "--pass-threshold 50 is outside of 0 to 1"),
        (["function", "--repeats", "0"], "--repeats"),
        (["function", "-o", "no/such/folder.json"], "--output: no/such/folder.json cannot be"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "cases.jsonl").write_text(CASE)
    (tmp_path / "bad.jsonl").write_text(CASE + CASE.replace("expected", "expectd"))
    (tmp_path / "ok.py").write_text("def f(sample):\n    return 1.0\n")
    (tmp_path / "wrong.yaml").write_text("path: ok.py:f\nrange: [2, 1]\n")
    cases = [] if "--cases" in arguments else ["--cases", "cases.jsonl"]
    result = run_warm(["graders", "calibrate", *arguments, *cases], tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == "", "nothing is graded with wrong input"


def test_interrupting_is_clean(calibrate: Calibrate, tmp_path: Path) -> None:
    config = "{path: 'graders.py:slow', range: [0, 1]}"
    process = subprocess.Popen(
        command("function", "--cases", "cases.jsonl", "--config", config),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "started").exists():  # 36 seconds of grading begin
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in stdout + stderr
    assert "Verdict" not in stdout


def run_without_libraries(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        f"sys.argv = ['rft', *{list(arguments)!r}]\n"
        "from rft_core.cli.app import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_without_the_extra_the_install_command_is_named(tmp_path: Path) -> None:
    arguments = ("graders", "calibrate", "function", "--cases", "cases.jsonl")
    result = run_without_libraries(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert 'pip install "rft-core[calibrate]"' in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["graders", "calibrate", "--help"]])
def test_help_does_not_import_statistics(arguments: list[str]) -> None:
    code = f"import sys; sys.argv = ['rft', *{arguments!r}]\nfrom rft_core.cli.app import app\n"
    code += "try:\n    app()\nexcept SystemExit:\n    print('LOADED', *sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = result.stdout.partition("LOADED")[2].split()
    assert "typer" in loaded
    assert not {"numpy", "scipy", "sklearn", "rich"} & set(loaded)
