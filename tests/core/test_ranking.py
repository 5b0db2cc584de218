"""Which checkpoint is the best."""

from __future__ import annotations

from typing import Any

from rft_core.run.ranking import Ranking


def ranking(*rows: dict[str, Any]) -> Ranking:
    found = Ranking()
    for row in rows:
        found.note(row)
    return found


def row(step: int, reward: float | None, **tasks: float | None) -> dict[str, Any]:
    of_tasks = {name: {"reward": {"mean": mean}} for name, mean in tasks.items()}
    return {"step": step, "reward": {"mean": reward}} | ({"tasks": of_tasks} if tasks else {})


def test_the_highest_reward_comes_first_and_the_later_of_two_equals() -> None:
    found = ranking(row(10, 0.3), row(20, 0.5), row(30, 0.5), row(40, 0.1))
    assert found.best_first([10, 20, 30, 40]) == [30, 20, 10, 40]
    assert found.tasks == []


def test_steps_without_a_reward_come_last() -> None:
    found = ranking(row(10, None), row(20, -5.0))
    assert found.best_first([10, 20, 30]) == [20, 30, 10]
    assert (found.knows(10), found.knows(30)) == (True, False)


def test_each_task_has_its_own_best() -> None:
    found = ranking(row(10, 0.5, x=0.9, y=0.1), row(20, 0.6, x=0.4, y=0.8), row(30, 0.2, x=None))
    assert found.tasks == ["x", "y"]
    assert found.best_first([10, 20, 30])[0] == 20
    assert found.best_first([10, 20, 30], "x")[0] == 10
    assert found.best_first([10, 20, 30], "y") == [20, 10, 30]
