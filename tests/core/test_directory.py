"""The run directory survives a kill at any moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rft_core.errors import UsageError
from rft_core.run.directory import COMPLETE, RunDirectory, write_atomically
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run")


def graded(text: str) -> GradedSample:
    return GradedSample(make_sample(text), None, {"a": Grade(0.5)}, composed=0.5, reward=0.5)


def checkpoint(run: RunDirectory, step: int, *, whole: bool = True) -> Path:
    path = run.checkpoints / f"checkpoint-{step}"
    path.mkdir()
    (path / "model.bin").write_text("weights")
    if whole:
        run.complete_checkpoint(path, {"step": step})
    return path


def files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def test_a_new_run(run: RunDirectory) -> None:
    assert run.metrics() == []
    assert run.checkpoints_by_step() == {}
    assert run.best_step() is None


def test_an_existing_folder_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists and is not empty") as caught:
        RunDirectory.create(tmp_path)
    assert "--resume" in str(caught.value.hint)
    assert files(tmp_path) == ["notes.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("x")
    with pytest.raises(UsageError, match="exists and is not empty"):
        RunDirectory.create(path)


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert RunDirectory.create(tmp_path).path == tmp_path


def test_only_runs_can_be_opened(run: RunDirectory, tmp_path: Path) -> None:
    for path in (run.path, tmp_path / "nothing"):
        with pytest.raises(UsageError, match="no run directory"):
            RunDirectory.open(path)
    run.task_file.write_text("{}")
    assert RunDirectory.open(run.path).path == run.path


def test_rows_are_appended(run: RunDirectory) -> None:
    rows = [{"step": 1, "kind": "train", "text": "ü\u2028\ud800\n"}, {"step": 2, "kind": "train"}]
    for row in rows:
        run.append_metrics(row)
    assert run.metrics() == rows
    assert run.metrics_file.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("cut", [1, 2, 10])
def test_a_row_cut_off_by_a_kill_is_left_out(run: RunDirectory, cut: int) -> None:
    run.append_metrics({"step": 1})
    run.append_metrics({"step": 2, "loss": 0.5})
    whole = run.metrics_file.read_bytes()
    run.metrics_file.write_bytes(whole[:-1][:-cut])
    assert run.metrics() == [{"step": 1}]


def test_a_row_after_one_that_was_cut_off_is_not_lost(run: RunDirectory) -> None:
    run.append_metrics({"step": 1})
    with run.metrics_file.open("a") as file:
        file.write('{"step": 2, "lo')
    run.append_metrics({"step": 3})
    assert run.metrics() == [{"step": 1}, {"step": 3}]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_row_that_is_no_json_is_refused_and_leaves_nothing(
    run: RunDirectory, number: float
) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        run.append_metrics({"loss": number})
    assert run.metrics() == []


def test_samples_are_written_one_per_line(run: RunDirectory) -> None:
    run.write_samples("train", 7, [graded("a\nb"), graded("c")])
    path = run.samples_file("train", 7)
    assert path.name == "train-000007.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["index"], one["completion"]) for one in records] == [(0, "a\nb"), (1, "c")]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, ["one", "two"])
    assert path.read_text() == "one\ntwo\n"

    def lines_then_failure() -> object:
        yield "three"
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        write_atomically(path, lines_then_failure())  # type: ignore[arg-type]
    assert path.read_text() == "one\ntwo\n"


def test_samples_that_cannot_be_written_leave_no_partial_file(run: RunDirectory) -> None:
    bad = graded("b")
    bad.reward = float("nan")
    with pytest.raises(ValueError, match="JSON compliant"):
        run.write_samples("eval", 3, [graded("a"), bad])
    assert not run.samples_file("eval", 3).exists()
    run.write_samples("eval", 3, [graded("a")])
    assert files(run.path) == ["samples/eval-000003.jsonl"]


def test_json_files_have_no_nan(run: RunDirectory) -> None:
    run.write_json("summary.json", {"a": [1, None]})
    assert json.loads((run.path / "summary.json").read_text()) == {"a": [1, None]}
    with pytest.raises(ValueError, match="JSON compliant"):
        run.write_json("summary.json", {"a": float("nan")})
    assert json.loads((run.path / "summary.json").read_text()) == {"a": [1, None]}


def test_checkpoints_are_those_that_are_whole_by_step(run: RunDirectory) -> None:
    for step in (20, 100, 3):
        checkpoint(run, step)
    checkpoint(run, 50, whole=False)
    assert list(run.checkpoints_by_step()) == [3, 20, 100]


def test_the_best_checkpoint_is_a_link_that_moves_with_the_folder(
    run: RunDirectory, tmp_path: Path
) -> None:
    for step in (3, 20):
        checkpoint(run, step)
    run.set_best(20)
    run.set_best(3)
    assert run.best_step() == 3
    moved = run.path.rename(tmp_path / "elsewhere")
    assert RunDirectory(moved).best_step() == 3
    assert (moved / "checkpoints" / "best" / "model.bin").read_text() == "weights"


def test_only_a_whole_checkpoint_can_be_the_best(run: RunDirectory) -> None:
    checkpoint(run, 3, whole=False)
    with pytest.raises(KeyError):
        run.set_best(3)
    assert run.best_step() is None


def test_a_kill_while_the_link_is_set_does_no_harm(run: RunDirectory) -> None:
    checkpoint(run, 3)
    (run.checkpoints / "best.new").symlink_to("checkpoint-99")
    run.set_best(3)
    assert run.best_step() == 3


def test_a_link_to_nothing_is_no_best(run: RunDirectory) -> None:
    run.best.symlink_to("checkpoint-99")
    assert run.best_step() is None


def test_each_task_has_its_best_checkpoint(run: RunDirectory) -> None:
    for step in (3, 20):
        checkpoint(run, step)
    run.set_best(20)
    run.set_best(3, "../tags & more")
    assert (run.best_step(), run.best_step("../tags & more"), run.best_step("other")) == (
        20,
        3,
        None,
    )
    assert run.best_of("../tags & more").parent == run.checkpoints


def test_an_unfinished_batch_is_there_until_it_is_finished(run: RunDirectory) -> None:
    half = GradedSample(make_sample("x"), None, {"quick": Grade(1.0), "slow": None})
    run.write_unfinished([half])
    (record,) = map(json.loads, run.unfinished.read_text().splitlines())
    assert record["grades"] == {"quick": {"score": 1.0}, "slow": None}
    assert (record["completion"], record["reward"]) == ("x", None)
    run.write_samples("train", 1, [graded("x")])
    assert not run.unfinished.exists()


def test_a_batch_that_a_kill_left_unfinished_is_set_aside(run: RunDirectory) -> None:
    run.write_samples("train", 1, [graded("kept")])
    run.append_metrics({"kind": "train", "step": 1})
    run.write_unfinished([graded("x")])
    run.rewind(1)
    assert files(run.path / "superseded") == ["001/metrics.jsonl", "001/unfinished.jsonl"]
    assert not run.unfinished.exists()
    assert run.samples_file("train", 1).exists()


def test_other_checkpoints_are_removed(run: RunDirectory) -> None:
    for step in (1, 2, 3, 4):
        checkpoint(run, step)
    run.keep_checkpoints([2, 4, 99])
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [
        "checkpoint-2",
        "checkpoint-4",
    ]


def test_a_checkpoint_that_is_being_written_is_not_removed(run: RunDirectory) -> None:
    path = checkpoint(run, 1, whole=False)
    run.keep_checkpoints([])
    assert (path / "model.bin").exists()


def test_a_checkpoint_is_not_whole_before_it_is_marked(run: RunDirectory) -> None:
    path = checkpoint(run, 1, whole=False)
    assert run.checkpoints_by_step() == {}
    run.complete_checkpoint(path, {"step": 1, "metric": 0.5})
    assert json.loads((path / COMPLETE).read_text()) == {"step": 1, "metric": 0.5}
    assert run.checkpoints_by_step() == {1: path}


def logged(run: RunDirectory, steps: int) -> None:
    for step in range(1, steps + 1):
        run.append_metrics({"step": step, "kind": "train"})
        run.write_samples("train", step, [graded(f"step {step}")])


def test_a_rewind_moves_and_deletes_nothing(run: RunDirectory) -> None:
    logged(run, 4)
    later = run.samples_file("train", 4).read_text()
    run.rewind(2)
    assert [row["step"] for row in run.metrics()] == [1, 2]
    assert files(run.path / "samples") == ["train-000001.jsonl", "train-000002.jsonl"]
    aside = run.path / "superseded" / "001"
    assert files(aside) == ["metrics.jsonl", "train-000003.jsonl", "train-000004.jsonl"]
    assert (aside / "train-000004.jsonl").read_text() == later
    assert (aside / "metrics.jsonl").read_text().count("\n") == 2


def test_rewinds_do_not_overwrite_each_other(run: RunDirectory) -> None:
    for _ in range(2):
        logged(run, 2)
        run.rewind(0)
    assert run.metrics() == []
    assert sorted(path.name for path in (run.path / "superseded").iterdir()) == ["001", "002"]


def test_a_rewind_to_the_end_changes_nothing(run: RunDirectory) -> None:
    logged(run, 2)
    before = files(run.path)
    run.rewind(2)
    assert files(run.path) == before
    assert [row["step"] for row in run.metrics()] == [1, 2]


def test_a_rewind_drops_the_row_that_was_cut_off(run: RunDirectory) -> None:
    logged(run, 2)
    with run.metrics_file.open("a") as file:
        file.write('{"step": 3, "lo')
    run.rewind(2)
    run.append_metrics({"step": 3, "kind": "train"})
    assert [row["step"] for row in run.metrics()] == [1, 2, 3]


def test_a_rewind_keeps_the_evaluation_of_its_step(run: RunDirectory) -> None:
    for step in (0, 2, 4):
        run.append_metrics({"step": step, "kind": "eval"})
        run.write_samples("eval", step, [graded("x")])
    run.rewind(2)
    assert [row["step"] for row in run.metrics()] == [0, 2]
    assert files(run.path / "samples") == ["eval-000000.jsonl", "eval-000002.jsonl"]


def test_a_rewind_removes_half_written_checkpoints_only(run: RunDirectory) -> None:
    whole = checkpoint(run, 1)
    half = checkpoint(run, 2, whole=False)
    run.rewind(1)
    assert (whole / "model.bin").exists()
    assert not half.exists()


def test_a_rewind_of_a_run_that_logged_nothing(run: RunDirectory) -> None:
    run.rewind(0)
    assert run.metrics() == []


def test_a_rewind_that_was_killed_may_be_done_again(run: RunDirectory) -> None:
    logged(run, 3)
    aside = run.path / "superseded" / "001"
    aside.mkdir(parents=True)
    run.samples_file("train", 3).replace(aside / "train-000003.jsonl")
    run.rewind(1)
    assert [row["step"] for row in run.metrics()] == [1]
    assert files(run.path / "superseded") == [
        "001/train-000003.jsonl",
        "002/metrics.jsonl",
        "002/train-000002.jsonl",
    ]


def test_two_processes_cannot_write_one_run(run: RunDirectory) -> None:
    run.lock()
    with pytest.raises(UsageError, match="another process is writing to this run"):
        RunDirectory(run.path).lock()


def test_a_lock_ends_with_its_owner(run: RunDirectory) -> None:
    owner = RunDirectory(run.path)
    owner.lock()
    del owner
    run.lock()
    with pytest.raises(UsageError):
        RunDirectory(run.path).lock()
