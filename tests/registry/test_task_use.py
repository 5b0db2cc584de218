"""Task files that use shared specs: loading, checking, grading, training."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from project_kit import REWARD, document, grader, settings, with_cases
from warm import run_warm

from grader_registry.errors import IntegrityError
from grader_registry.naming import Reference
from grader_registry.project.add import add
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.stores.folder import FolderStore
from rft_core.errors import UsageError
from rft_core.run.directory import RunDirectory
from rft_core.task.task import load_task

ROWS = [
    {"id": f"r{index}", "question": "Which labels?", "reference_answer": labels}
    for index, labels in enumerate((["a"], ["b", "c"], ["a", "c"], ["d"]))
]
TASK: dict[str, Any] = {
    "data": {"train": "train.jsonl", "validation": "train.jsonl"},
    "messages": [{"role": "user", "content": "{{ item.question }}"}],
    "reference": '{"labels": {{ item.reference_answer }}}',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the reward legal/tags and the grader legal/f1 in its lock."""
    store = FolderStore.create(tmp_path / "specs", "../specs")
    store.publish(with_cases(document()))
    store.publish(grader())
    folder = settings(tmp_path / "project", "../specs")
    found = Project.find(folder)
    wanted = [Reference.parse("legal/tags@^1"), Reference.parse("legal/f1")]
    add(found, wanted, lambda: stores_of(found), frozen=False)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


def write(folder: Path, **sections: Any) -> Path:
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump({**TASK, **sections}, sort_keys=False))
    return path


def test_a_shared_reward_is_the_reward_that_was_published(project: Path) -> None:
    task = load_task(write(project, reward={"use": "legal/tags@^1"}))
    (project / "s.json").write_text(document().spec.files["s.json"])
    written_out = load_task(write(project, reward=REWARD))
    assert task.rewards[None].versions == written_out.rewards[None].versions
    assert task.rewards[None].gates == written_out.rewards[None].gates
    [record] = task.shared
    assert record["digest"] == with_cases(document()).digest
    assert (record["at"], record["version"]) == ("reward", "1.0.0")


def test_a_shared_grader_is_weighed_by_its_user(project: Path) -> None:
    graders = {
        "f1": {"use": "legal/f1", "weight": 0.25},
        "same": {"use": "legal/f1", "gate": {"min": 0.5}},
        "own": {"use": "multilabel", "config": {"labels": "$.labels[*]", "metric": "recall"}},
    }
    task = load_task(write(project, reward={"graders": graders}))
    plan = task.rewards[None]
    assert plan.weights() == {"f1": 0.25, "own": 1.0}
    assert plan.gates["same"].min == 0.5
    assert [record["at"] for record in task.shared] == [
        "reward.graders.f1",
        "reward.graders.same",
    ]


def test_rewards_of_several_tasks_are_shared(project: Path) -> None:
    rows = [{**row, "task": "tag" if index % 2 else "own"} for index, row in enumerate(ROWS)]
    (project / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = {"graders": {"f1": {"use": "legal/f1"}}}
    task = load_task(write(project, rewards={"tag": {"use": "legal/tags"}, "own": own}))
    assert set(task.rewards["tag"].calls) == {"valid", "f1"}
    assert [record["at"] for record in task.shared] == ["rewards.tag", "rewards.own.graders.f1"]


@pytest.mark.parametrize(
    ("reward", "line", "told"),
    [
        ("{use: legal/none}", 3, "rft registry add legal/none"),
        ("{use: legal/tags@^2}", 3, "rft registry add 'legal/tags@^2'"),
        ("{use: legal/f1}", 3, "legal/f1 is a whole grader, and this is the place of a reward"),
        ("\n  use: legal/tags\n  formula: f1", 5, "reward.formula: a shared reward stands alone"),
        (
            "\n  graders:\n    f1:\n      use: legal/tags",
            6,
            "legal/tags is a whole reward, and this is the place of a grader",
        ),
        (
            "\n  graders:\n    f1:\n      use: legal/f1\n      config: {labels: $.x}",
            7,
            "reward.graders.f1.config: this is the shared spec's to say",
        ),
        ("{use: Legal/F1}", 3, "team/name"),
    ],
)
def test_errors_name_file_and_line(project: Path, reward: str, line: int, told: str) -> None:
    path = project / "task.yaml"
    path.write_text(f"data:\n  train: train.jsonl\nreward: {reward}\n")
    with pytest.raises(UsageError) as error:
        load_task(path)
    assert told in str(error.value)
    assert f"{path}:{line}: " in str(error.value)


def test_a_faulty_row_is_told_as_ever(project: Path) -> None:
    (project / "train.jsonl").write_text('{"id": "r1", "question": "?"}\n')
    with pytest.raises(UsageError, match=r"train\.jsonl:1.*reference_answer"):
        load_task(write(project, reward={"use": "legal/tags"}))


def test_vendored_files_that_changed_are_refused(project: Path) -> None:
    path = write(project, reward={"use": "legal/tags"})
    load_task(path)
    (project / "rft_specs/legal/tags/1.0.0/s.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"not what legal/tags@1\.0\.0 was published with"):
        load_task(path)


def test_a_copied_project_works_without_stores(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(project, copy)
    task = load_task(write(copy, reward={"use": "legal/tags"}))
    assert len(task.train) == len(ROWS)


def test_check_and_grade_with_a_shared_reward(project: Path) -> None:
    write(project, reward={"use": "legal/tags"})
    checked = run_warm(["check", "task.yaml"], project)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "reference" in checked.stdout
    completions = ['{"labels": ["a"]}', '{"labels": ["b"]}', "{}", "nothing"]
    rows = [{"item": row, "completion": text} for row, text in zip(ROWS, completions, strict=True)]
    (project / "completions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    graded = run_warm(["grade", "completions.jsonl", "--task", "task.yaml"], project)
    assert graded.returncode == 0, graded.stderr
    out = project / "completions.jsonl.graded"
    files = [path for path in sorted(out.rglob("*.jsonl")) if path.is_file()]
    found = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    assert [row["reward"] for row in found if "reward" in row] == [1.0, pytest.approx(2 / 3), 0, 0]


def test_a_run_keeps_the_digest_and_goes_on(
    project: Path, toy_policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    train = {
        "max_steps": 2,
        "num_generations": 2,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 1,
        "max_completion_length": 4,
        "use_cpu": True,
    }
    sections = {"model": str(toy_policy), "train": train, "evaluate": {"every": 2, "samples": 1}}
    reward = {"graders": {"f1": {"use": "legal/f1"}}}
    write(project, reward=reward, **sections)
    done = run_warm(["train", "task.yaml", "-o", "run"], project)
    assert done.returncode == 0, done.stderr
    run = RunDirectory(project / "run")
    environment = json.loads((run.path / "environment.json").read_text())
    [record] = environment["shared"]
    assert record["digest"] == grader().digest
    assert record["name"] == "legal/f1"
    assert record["at"] == "reward.graders.f1"
    again = run_warm(["eval", "run/task.yaml", "-k", "1"], project)
    assert again.returncode == 0, again.stderr


def test_training_refuses_a_vendored_document_that_changed(project: Path, toy_policy: Path) -> None:
    write(project, reward={"use": "legal/tags"}, model=str(toy_policy))
    path = project / "rft_specs/legal/tags/1.0.0/spec.json"
    path.write_bytes(path.read_bytes().replace(b'"min":1', b'"min":0'))
    done = run_warm(["train", "task.yaml", "-o", "run"], project)
    assert done.returncode == 2
    assert "the document is not the one of legal/tags@1.0.0 that the lock names" in done.stderr
    assert not (project / "run").exists()


def test_training_asks_no_store_and_no_network(project: Path) -> None:
    """A run with the store gone, in a process that may not open a connection."""
    write(project, reward={"use": "legal/tags@^1"})
    (project.parent / "specs").rename(project.parent / "gone")
    code = (
        "import sys\n"
        "def watch(event, arguments):\n"
        "    if event.startswith('socket.') or 'specs/legal' in str(arguments) and "
        "'rft_specs' not in str(arguments):\n"
        "        raise SystemExit(f'{event} {arguments}')\n"
        "sys.addaudithook(watch)\n"
        "from pathlib import Path\n"
        "from rft_core.task.task import load_task\n"
        "print(len(load_task(Path('task.yaml')).shared))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert done.stdout == "1\n", done.stderr
