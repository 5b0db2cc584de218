"""Workers over chunks: order, memory, errors, and workers that die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rft_core.errors import RunError, UsageError
from rft_core.grading.chunks import ChunkPool
from rft_core.grading.inline_pool import InlinePool
from rft_core.grading.process_pool import IN_FLIGHT, ProcessPool

MODULE = '''
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rft_core.errors import DatasetError

if Path(__file__).with_name("interrupt").exists():
    os.kill(os.getpid(), signal.SIGINT)


@dataclass(frozen=True)
class Work:
    """Does what a chunk says, and notes in a folder when it is opened and closed."""

    folder: Path

    @contextmanager
    def open(self):
        if (self.folder / "broken").exists():
            raise DatasetError("cannot open", where="f:1", hint="Mend it.")
        note = self.folder / f"open-{os.getpid()}"
        note.touch()
        yield self.grade
        note.rename(self.folder / f"closed-{os.getpid()}")

    def grade(self, chunk):
        match chunk.split():
            case ["slow", seconds]:
                time.sleep(float(seconds))
            case ["raise"]:
                raise DatasetError("wrong row", where="f:3", hint="Mend it.")
            case ["die"]:
                os._exit(9)
            case ["die", "once"]:
                if not (self.folder / "died").exists():
                    (self.folder / "died").touch()
                    os._exit(9)
        return chunk.upper()
'''


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Work that another process can import."""
    (tmp_path / "chunk_work.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("chunk_work", None)
    from importlib import import_module

    return import_module("chunk_work").Work(tmp_path)


def made(work: object, kind: type[ChunkPool], workers: int = 1) -> ChunkPool:
    return kind(work, workers)  # type: ignore[call-arg]


def test_ctrl_c_does_not_reach_a_worker_that_starts(
    work: object, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "interrupt").touch()  # what workers import sends it to them
    pool = made(work, ProcessPool)
    assert list(pool.map(["a"])) == ["A"]
    pool.close()
    assert "KeyboardInterrupt" not in capfd.readouterr().err


POOLS = [(InlinePool, 1), (ProcessPool, 1), (ProcessPool, 2)]


@pytest.mark.parametrize(("kind", "workers"), POOLS)
def test_results_come_in_order_and_all_is_closed(
    kind: type[ChunkPool], workers: int, work: object, tmp_path: Path
) -> None:
    chunks = ["slow 0.3", "a", "b", "slow 0.1", "c", "d", "e"]
    pool = made(work, kind, workers)
    assert list(pool.map(chunks)) == [chunk.upper() for chunk in chunks]
    pool.close()
    assert not list(tmp_path.glob("open-*"))
    assert list(tmp_path.glob("closed-*"))


@pytest.mark.parametrize(("kind", "workers"), POOLS)
def test_what_the_work_raises_arrives_whole(
    kind: type[ChunkPool], workers: int, work: object
) -> None:
    pool = made(work, kind, workers)
    results = pool.map(["a", "raise", "b"])
    assert next(results) == "A"
    with pytest.raises(UsageError) as caught:
        next(results)
    pool.close()
    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "wrong row",
        "f:3",
        "Mend it.",
    )


@pytest.mark.parametrize(("kind", "workers"), POOLS)
def test_work_that_cannot_be_opened_says_why(
    kind: type[ChunkPool], workers: int, work: object, tmp_path: Path
) -> None:
    (tmp_path / "broken").touch()
    pool = made(work, kind, workers)
    with pytest.raises(UsageError, match="f:1: cannot open"):
        list(pool.map(["a"]))
    pool.close()


@pytest.mark.parametrize(("kind", "workers"), POOLS)
def test_chunks_are_taken_as_workers_become_free(
    kind: type[ChunkPool], workers: int, work: object
) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "a"

    pool = made(work, kind, workers)
    results = pool.map(endless())
    for _ in range(5):
        next(results)
    pool.close()
    assert taken <= 5 + IN_FLIGHT * workers


def test_this_process_is_one_worker(work: object) -> None:
    with pytest.raises(UsageError, match="--executor process"):
        InlinePool(work, 2)  # type: ignore[arg-type]


def test_a_chunk_on_which_a_worker_dies_is_tried_again(work: object) -> None:
    pool = made(work, ProcessPool, 2)
    chunks = ["a", "slow 0.2", "die once", *"bcdefgh"]
    assert list(pool.map(chunks)) == [chunk.upper() for chunk in chunks]
    pool.close()


def test_a_chunk_that_kills_its_worker_twice_is_named(work: object) -> None:
    pool = made(work, ProcessPool, 2)
    results = pool.map(["a", "slow 0.2", "b", "die", "c", "d", "e"])
    assert [next(results) for _ in range(3)] == ["A", "SLOW 0.2", "B"]
    with pytest.raises(RunError, match="died twice on die") as caught:
        next(results)
    pool.close()
    assert 'isolation = "process"' in str(caught.value)


def test_closing_ends_workers_in_the_middle_of_a_chunk(work: object, tmp_path: Path) -> None:
    before = set(multiprocessing.active_children())
    pool = made(work, ProcessPool, 2)
    results = pool.map(["a", "slow 600", "slow 600", "slow 600"])
    assert next(results) == "A"
    pool.close()
    assert set(multiprocessing.active_children()) <= before
    assert not list(tmp_path.glob("open-*")), "graders were closed"


SCRIPT = """
import sys
from pathlib import Path

from chunk_work import Work
from rft_core.grading.process_pool import ProcessPool

if __name__ == "__main__":
    pool = ProcessPool(Work(Path(sys.argv[1])), 2)
    for result in pool.map(["a", "slow 600", "slow 600"]):
        print(result, flush=True)
"""


@dataclass
class Gone:
    """Whether processes are gone."""

    pids: list[int]

    def __bool__(self) -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in self.pids)


@contextmanager
def within(seconds: float) -> Iterator[Callable[[Callable[[], object]], None]]:
    end = time.monotonic() + seconds

    def wait(condition: Callable[[], object]) -> None:
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.05)

    yield wait


def test_workers_do_not_outlive_a_parent_that_is_killed(work: object, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with (
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as parent,
        within(60) as wait,
    ):
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"A\n"
        wait(lambda: len(list(tmp_path.glob("open-*"))) == 2)
        pids = [int(path.name.partition("-")[2]) for path in tmp_path.glob("open-*")]
        parent.send_signal(signal.SIGKILL)
        wait(lambda: Gone(pids))
