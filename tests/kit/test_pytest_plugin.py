"""The opt-in pytest plugin, on a plugin's folder as its author has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from tiny_plugin import CASES, SECTIONS, write_cases, write_plugin

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["rft_core.testing.pytest_plugin"]\n'
TESTS = """\
import pytest

pytestmark = pytest.mark.rft_grader("acme_answer")


def test_case(rft_case):
    rft_case()


def test_contract(rft_check):
    rft_check()


def test_attack(rft_attack):
    rft_attack()
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the plugin, its cases and its tests."""
    write_plugin(pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    (pytester.path / "conftest.py").write_text(CONFTEST)
    (pytester.path / "test_acme.py").write_text(TESTS)
    return pytester


def test_a_good_grader_passes_test_by_test(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("-v", "-p", "no:cacheprovider", "-rsx")
    outcomes = result.parseoutcomes()
    assert result.ret == 0
    assert outcomes["xfailed"] == 4
    assert outcomes["passed"] > 5 + 10 + 10
    result.stdout.fnmatch_lines_random(
        [
            "*::test_case[[]right[]] PASSED*",
            "*::test_contract[[]pickling[]] PASSED*",
            "*::test_attack[[]M2[]] PASSED*",
            "*test_attack[[]M16a[]]*accepted: the answer has to stand alone",
        ]
    )


def test_what_fails_is_told_without_the_kits_code(project: pytest.Pytester) -> None:
    (project.path / "pyproject.toml").write_text(
        SECTIONS.replace("[tool.rft.graders.acme_answer.acc", "config = {anywhere = true}\n\\g", 1)
        .replace("\\g", "[tool.rft.graders.acme_answer.acc")
        .replace("M16b", "M1")
    )
    wanted = "test_case[part] or test_case[right] or test_attack[M2] or test_attack[M16b]"
    result = project.runpytest_subprocess("-k", wanted.replace("[", " and ").replace("]", ""))
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "false pass: case part (cases.jsonl:4): expected 0, got 1",
            "*completion: 1814",
            "M2 *paid of*",
            "*fooled: *",
        ]
    )
    assert "rft_core/testing" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_collecting_grades_nothing_and_names_every_case(project: pytest.Pytester) -> None:
    write_cases(project.path / "cases.jsonl", [*CASES[:2], {**CASES[2], "id": "a b/c"}])
    result = project.runpytest_subprocess("--collect-only", "-q", "-k", "test_case")
    result.stdout.fnmatch_lines(["*test_case[[]right[]]", "*test_case[[]wrong[]]", "*[[]a b/c[]]"])


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("cases.jsonl", "nonsense\n", "*cases.jsonl:1:*"),
        ("pyproject.toml", "[tool.rft.graders.acme_answer]\ncasse = 1\n", "*toml:2: *casse*"),
        ("test_acme.py", TESTS.replace("pytestmark", "other"), "*does not say whose test it is*"),
        ("test_acme.py", TESTS.replace("acme_answer", "acme_x"), "*no installed plugin provides*"),
    ],
)
def test_wrong_input_is_told_at_collection(
    project: pytest.Pytester, file: str, text: str, message: str
) -> None:
    (project.path / file).write_text(text)
    result = project.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str()


def test_the_plugin_is_loaded_on_request_only(project: pytest.Pytester) -> None:
    (project.path / "conftest.py").unlink()
    result = project.runpytest_subprocess("-k", "test_case")
    result.stdout.fnmatch_lines(["*fixture 'rft_case' not found*"])
