"""Two real steps through `rft train`: turns in the log, the discount, and what the loss is of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rft_env_guess import GuessGame

from rft_core import Item, Policy, Trajectory
from rft_core.cli.app import main
from rft_core.run.directory import RunDirectory

pytest.importorskip("trl", reason="training needs rft-core[train]")


class Watched:
    """What the rollout returned in a run, and the loss's gradients by log-probabilities."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from trl import GRPOTrainer

        self.trajectories: list[Trajectory] = []
        self.passes: list[tuple[Any, Any]] = []
        """Padded token ids of games, and the log-probabilities of their completions' tokens."""
        play, score = GuessGame.run, GRPOTrainer._get_per_token_logps_and_entropies

        def run(game: GuessGame, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
            made = play(game, items, policy)
            self.trajectories += made
            return made

        def logps(trainer: Any, model: Any, input_ids: Any, *rest: Any, **options: Any) -> Any:
            scored = score(trainer, model, input_ids, *rest, **options)
            if scored[0].requires_grad:
                scored[0].retain_grad()
                self.passes.append((input_ids, scored[0]))
            return scored

        monkeypatch.setattr(GuessGame, "run", run)
        monkeypatch.setattr(GRPOTrainer, "_get_per_token_logps_and_entropies", logps)


@pytest.fixture
def run(
    write_task: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., RunDirectory]:
    """Return a function that trains as the command line does."""

    def train(name: str = "run", **options: Any) -> RunDirectory:
        output = tmp_path / name
        command = ["rft", "train", str(write_task(**options)), "--output", str(output)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return RunDirectory.open(output)

    return train


def samples(run: RunDirectory, name: str) -> list[dict[str, Any]]:
    lines = (run.path / "samples" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_environments_tokens_take_no_part_in_the_loss(
    run: Callable[..., RunDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    directory = run()
    assert json.loads((directory.path / "summary.json").read_text())["status"] == "done"
    trained, masked = 0, 0
    assert len(watched.passes) == 2
    for tokens, logps in watched.passes:
        for row, gradients in zip(tokens.tolist(), logps.grad.tolist(), strict=True):
            game = played(watched.trajectories, row, len(gradients))
            for mask, gradient in zip(game.env_mask, gradients, strict=False):
                if mask:
                    trained += gradient != 0.0
                else:
                    masked += 1
                    assert gradient == 0.0
            assert not any(gradients[len(game.env_mask) :]), "padding"
    assert masked > 50
    assert trained > 50


def played(games: Sequence[Trajectory], row: list[int], width: int) -> Trajectory:
    """Return the game whose tokens a row holds: prompts end where completions of `width` begin."""
    fitting = [
        game
        for game in games
        if row[-width:][: len(game.completion_ids)] == game.completion_ids
        and row[:-width][-len(game.prompt_ids) :] == game.prompt_ids
    ]
    return max(fitting, key=lambda game: len(game.completion_ids))


def test_the_log_holds_every_turn_and_the_discount(run: Callable[..., RunDirectory]) -> None:
    directory, lengths = run(), set()
    for name in ("train-000001", "train-000002", "eval-000002"):
        logged = samples(directory, name)
        assert len(logged) == 16
        for sample in logged:
            said = [m["content"] for m in sample["messages"] if m["role"] == "assistant"]
            replies = [m["content"] for m in sample["messages"] if m["role"] == "user"]
            grade = sample["grades"]["found"]
            assert sample["completion"] == said[-1]
            assert grade["reason"].split(", ")[: len(replies)] == replies
            assert 1 <= len(said) == len(replies) + 1 == grade["metrics"]["turns"] <= 3
            assert sample["num_tokens"] <= 8 * len(said)
            assert sample["reward"] == pytest.approx(sample["composed"] * 0.5 ** (len(said) - 1))
        assert len({sample["reward"] for sample in logged}) > 1
        lengths |= {len(sample["messages"]) for sample in logged}
    assert lengths > {5}, "some games end early"


def test_the_discount_changes_what_is_learnt(run: Callable[..., RunDirectory]) -> None:
    first, second = run("plain", factor=1.0), run("steep", factor=0.1)
    alike = [
        [(one["messages"], one["composed"]) for one in samples(each, "train-000001")]
        for each in (first, second)
    ]
    assert alike[0] == alike[1]
    assert samples(first, "train-000002") != samples(second, "train-000002")
    weights = [next(each.checkpoints.glob("*/model.safetensors")) for each in (first, second)]
    assert weights[0].read_bytes() != weights[1].read_bytes()


def test_a_row_that_holds_no_game_is_told_before_training(
    write_task: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    task = write_task()
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    rows[2]["turns"] = 99
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(sys, "argv", ["rft", "train", str(task), "-o", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "train.jsonl:3" in said
    assert "turns is 99" in said
