"""Chunks of a file on Ray: in order, few at a time, and a death is told or made good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rft_executor_ray.executor import RayExecutor

from rft_core.errors import RunError, UsageError
from rft_core.grading.chunks import ChunkPool, ChunkWork

MakePool = Callable[..., ChunkPool]


@pytest.fixture
def make_pool(cluster: None) -> Iterator[MakePool]:
    """Return a function that starts workers, and stop them."""
    made = []

    def make(work: ChunkWork, workers: int = 1) -> ChunkPool:
        made.append(RayExecutor.chunk_pool(work, workers))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def test_results_come_in_order_from_workers_that_open_once(
    make_pool: MakePool, graders: Any, tmp_path: Path
) -> None:
    chunks = [["sleep", 0.3 if n % 5 == 0 else 0.0] for n in range(30)]
    results = list(make_pool(graders.Work(tmp_path), 2).map(chunks))
    assert [chunk for _, chunk in results] == chunks
    opened = (tmp_path / "opened").read_text().split()
    assert len(opened) == 2
    assert {str(pid) for pid, _ in results} == set(opened)


def test_chunks_are_taken_as_workers_become_free(
    make_pool: MakePool, graders: Any, tmp_path: Path
) -> None:
    taken = []

    def chunks() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = make_pool(graders.Work(tmp_path)).map(chunks())
    for n in range(50):
        assert next(results)[1] == n
        assert len(taken) <= n + 1 + 4
    assert len(list(results)) == 950


def test_what_the_work_raises_is_raised(make_pool: MakePool, graders: Any, tmp_path: Path) -> None:
    results = make_pool(graders.Work(tmp_path)).map([1, ["usage", "no such grader"], 2])
    assert next(results)[1] == 1
    with pytest.raises(UsageError, match="no such grader") as caught:
        next(results)
    assert (caught.value.where, caught.value.hint) == ("here", "Do that.")


def test_an_exception_that_cannot_be_sent_is_told(
    make_pool: MakePool, graders: Any, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="LockedError"):
        list(make_pool(graders.Work(tmp_path)).map([["lock"]]))


def test_an_error_at_opening_is_raised_whole(make_pool: MakePool, graders: Any) -> None:
    with pytest.raises(UsageError, match="the task file is gone"):
        list(make_pool(graders.Unopenable()).map([1]))


def test_a_chunk_whose_worker_died_is_tried_again(
    make_pool: MakePool, graders: Any, tmp_path: Path
) -> None:
    chunks = [1, 2, ["exit once"], 3, 4]
    results = make_pool(graders.Work(tmp_path)).map(chunks)
    assert [chunk for _, chunk in results] == chunks


def test_a_chunk_on_which_workers_die_ends_the_work(
    make_pool: MakePool, graders: Any, tmp_path: Path
) -> None:
    results = make_pool(graders.Work(tmp_path)).map([1, ["exit"], 2])
    assert next(results)[1] == 1
    with pytest.raises(RunError, match=r"died twice on \['exit'\]"):
        next(results)


def test_workers_that_do_not_start_are_told(
    make_pool: MakePool, graders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_RAY_ACTOR_OPTIONS", '{"resources": {"unheard_of": 1}}')
    monkeypatch.setenv("RFT_RAY_START_SECONDS", "1.5")
    with pytest.raises(UsageError, match="not all can start"):
        make_pool(graders.Work(tmp_path))
