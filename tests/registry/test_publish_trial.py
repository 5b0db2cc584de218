"""The clean process: what it sees, what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.publishing.child import DOCUMENT, JOB, RESULT
from grader_registry.publishing.trial import examined, scored
from rft_core.configurable import Permissions
from rft_core.errors import PluginError
from rft_core.testing.thresholds import Thresholds

CODE = Permissions(code=True)
NONE = Permissions()
PLAIN = {
    "name": "tests/trial",
    "version": "1.0.0",
    "description": "For the tests",
    "owners": ["ada@example.org"],
    "license": "MIT",
}
CASES = [
    {"item": {"id": "a", "topics": ["law"]}, "completion": '{"topics": ["law"]}', "expected": 1},
    {"item": {"id": "a", "topics": ["law"]}, "completion": '{"topics": []}', "expected": 0},
    {"item": {"id": "b"}, "completion": "{}", "expected": {"outcome": "error"}},
    {"item": {"id": "c", "topics": []}, "completion": "[]", "expected": 0},
]
F1 = {"use": "multilabel", "config": {"labels": "$.topics[*]", "reference": "topics"}}


def document(**changed: Any) -> Document:
    return Document.write({**PLAIN, "grader": F1, "cases": CASES, **changed}, "here")


def python(text: str) -> Document:
    """Return a document that grades with a function `f(sample)`."""
    grader = {"use": "function", "config": {"path": "code.py:f"}, "timeout": 300}
    cases = [{"item": {"id": "a"}, "completion": "x", "expected": 1}]
    return document(grader=grader, files={"code.py": text}, cases=cases)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where temporary folders are made."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_cases_are_scored_whatever_they_expect(work: Path) -> None:
    others = [{**case, "expected": 700} for case in CASES[:2]]
    found = scored(document(), [CASES, others, []], NONE)
    assert found == [[1.0, 0.0, "error", 0.0], [1.0, 0.0], []]
    assert list(work.iterdir()) == []


REPORT = """
import json, os, sys
from pathlib import Path

def f(sample):
    asked = {
        "secret": "RFT_TEST_SECRET" in os.environ,
        "key": "RFT_TEST_API_KEY" in os.environ,
        "pythonpath": "PYTHONPATH" in os.environ,
        "imports": str(Path.home()) in sys.path or "" in sys.path,
        "outside": not os.getcwd().startswith(os.environ["TMPDIR"]),
        "marked": "rft_mark_of_the_parent" in sys.modules,
    }
    return 1.0 - sum(asked.values()) / len(asked)
"""


def test_the_process_sees_nothing_of_the_session(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_TEST_SECRET", "x")
    monkeypatch.setenv("RFT_TEST_API_KEY", "x")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "json.py").write_text("raise RuntimeError\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "rft_mark_of_the_parent", sys)
    report = python(REPORT)
    assert scored(report, [report.spec.cases], CODE) == [[1.0]]


def test_code_needs_the_projects_permission(work: Path) -> None:
    marker = work.parent / "ran"
    text = f"from pathlib import Path\nPath({str(marker)!r}).touch()\ndef f(sample): return 1.0\n"
    with pytest.raises(RegistryError, match=r"code|function|Python") as told:
        scored(python(text), [CASES[:1]], NONE)
    assert not marker.exists()
    assert str(work) not in str(told.value)
    assert told.value.where == "tests/trial@1.0.0"


@pytest.mark.slow
def test_it_has_a_time_limit_and_takes_its_workers_along(work: Path) -> None:
    pids = work.parent / "pids"
    text = (
        "import os, subprocess, time\nfrom pathlib import Path\n"
        "def f(sample):\n"
        "    child = subprocess.Popen(['sleep', '600'])\n"
        f"    Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        "    time.sleep(600)\n"
    )
    slow = python(text)
    with pytest.raises(RegistryError, match="longer than 40 s"):
        scored(slow, [slow.spec.cases], CODE, seconds=40)
    assert pids.exists()
    assert_gone(*map(int, pids.read_text().split()))
    assert list(work.iterdir()) == []


def test_a_process_that_dies_is_told(work: Path) -> None:
    text = "import os\ndef f(sample):\n    print('so long', flush=True)\n    os._exit(3)\n"
    dying = python(text)
    with pytest.raises(RegistryError, match="ended without a result") as told:
        scored(dying, [dying.spec.cases], CODE)
    assert told.value.hint == "so long"


def test_a_plugin_that_is_not_installed_is_told(work: Path) -> None:
    with pytest.raises(PluginError, match="nowhere"):
        scored(document(grader={"use": "nowhere"}), [CASES], NONE)


def test_a_config_that_the_plugin_refuses_is_told(work: Path) -> None:
    wrong = document(grader={"use": "multilabel", "config": {"labels": "$.a", "metrik": "f1"}})
    with pytest.raises(RegistryError, match="metrik: there is no such key") as told:
        scored(wrong, [CASES], NONE)
    assert told.value.where == "tests/trial@1.0.0"
    nowhere = document(grader={"use": "json_schema", "config": {"schema": "nowhere.json"}})
    with pytest.raises(RegistryError, match=r"schema file nowhere\.json"):
        scored(nowhere, [CASES], NONE)


def test_a_case_that_the_grader_refuses_is_told(work: Path) -> None:
    cases = [*CASES[:1], {"item": {"id": "z"}, "completion": "", "expected": 0}]
    with pytest.raises(RegistryError, match="cannot grade this item") as told:
        examined(document(cases=cases), Thresholds(), {}, NONE)
    assert told.value.where == "tests/trial@1.0.0, case 2"


def test_a_card_is_of_the_spec_and_of_no_machine(work: Path) -> None:
    text = json.dumps({"type": "object", "required": ["topics"]})
    valid = {"use": "json_schema", "config": {"schema": "s.json"}, "gate": {"min": 1}}
    reward = {"graders": {"valid": valid, "f1": F1}, "formula": "f1"}
    cases = [case for case in CASES if "topics" in case["item"]]  # type: ignore[operator]
    spec = document(grader=None, reward=reward, files={"s.json": text}, cases=cases)
    wanted = Thresholds(fooled=1000, missed=1000, weaknesses=1000)
    trial = examined(spec, wanted, {"J3": "Nobody minds."}, NONE)
    card = trial.parsed
    assert trial.scores == [1.0, 0.0, 0.0]
    assert (card.name, card.version, card.composed) == ("tests/trial", "1.0.0", True)
    assert card.distribution == "rft-grader-jsonschema 0.1.0, rft-grader-multilabel 0.1.0"
    assert card.config["graders"]["valid"]["config"] == {"schema": "s.json"}
    assert card.cases is not None
    assert (card.cases.cases, card.cases.agreed, card.cases.repeats) == (3, 3, 3)
    assert card.honest > 0
    assert sum(one.tried for one in card.attacks) > 50
    assert any(one.accepted == "Nobody minds." for one in card.attacks)
    assert card.passed
    text = json.dumps(trial.card)
    assert str(work.parent) not in text
    assert str(Path.home()) + "/" not in text
    assert list(work.iterdir()) == []


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    text = (
        "import os, time\nfrom pathlib import Path\n"
        "def f(sample):\n"
        f"    Path({str(marker)!r}).write_text(str(os.getpid()))\n    time.sleep(600)\n"
    )
    slow = python(text)
    (tmp_path / DOCUMENT).write_bytes(slow.data)
    job = {"lists": [list(slow.spec.cases)], "permissions": {"code": True, "hosts": []}}
    (tmp_path / JOB).write_text(json.dumps(job))
    command = [sys.executable, "-m", "grader_registry.publishing.child", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            wait_for(marker.exists)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == -signal.SIGKILL
        finally:
            process.kill()
    assert not (tmp_path / RESULT).exists()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def assert_gone(*pids: int) -> None:
    """Wait until processes are gone; one that is dead and not yet reaped is gone."""

    def is_gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (ProcessLookupError, FileNotFoundError):
            return True

    for pid in pids:
        wait_for(lambda pid=pid: is_gone(pid), 30)  # type: ignore[misc]
