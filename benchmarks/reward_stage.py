"""What the reward stage costs over the graders' own work.

Five trivial graders, composed by weights or by a formula, on batches of completions: the time of
the whole stage less the time of calling the five functions in a loop, per completion. Beside it
the same five functions in the loop of TRL's `GRPOTrainer._calculate_rewards`, in the same run.

    python benchmarks/reward_stage.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rft_core import Grader, Item, Sample
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.reward.composition import Composition, FormulaComposition, WeightedSum
from rft_core.reward.engine import RewardEngine
from rft_core.reward.formula import parse_formula
from rft_core.reward.reward import Reward
from rft_core.run.directory import RunDirectory

NAMES = ("a", "b", "c", "d", "e")
REPEATS = 31


def score(text: str) -> float:
    """Stand for a grader's own work."""
    return 1.0 if "a" in text else 0.0


class Trivial(Grader[Any]):
    """A grader that does next to nothing."""

    name = "trivial"

    def grade(self, sample: Sample) -> float:
        """Look for a letter."""
        return score(sample.text)


def make_engine(composition: Composition) -> RewardEngine:
    """Return an engine with five trivial graders."""
    runners = {}
    for name in NAMES:
        call = GraderCall(name, Trivial(Trivial.Config()), "benchmark", 60.0, 1)
        runners[name] = make_runner(call)
    on_error = dict.fromkeys(NAMES, "mask")
    return RewardEngine({None: Reward(runners, composition, on_error=on_error)})  # type: ignore[arg-type]


def median_seconds(*contenders: Callable[[], object]) -> list[float]:
    """Return the median time of each, measured in turn so that drift hits all alike."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(REPEATS):
        for run, mine in zip(contenders, times, strict=True):
            start = time.perf_counter()
            run()
            mine.append(time.perf_counter() - start)
    return [statistics.median(mine) for mine in times]


def trl_loop(texts: list[str]) -> Callable[[], object]:
    """Return TRL's own reward calculation over five functions."""
    import torch
    from accelerate import Accelerator
    from trl import GRPOTrainer

    def function(completions: list[str], **_: Any) -> list[float]:
        return [score(text) for text in completions]

    trainer = SimpleNamespace(
        accelerator=SimpleNamespace(device=torch.device("cpu"), is_main_process=True),
        reward_funcs=[function] * 5,
        reward_processing_classes=[None] * 5,
        reward_func_names=list(NAMES),
        state=SimpleNamespace(global_step=0),
        environments=None,
        args=SimpleNamespace(report_to=[]),
        _log_completion_extra=None,
        _log_metric=None,
    )
    Accelerator(cpu=True)  # which TRL gathers the rewards through
    calculate = GRPOTrainer._calculate_rewards.__wrapped__  # noqa: SLF001 - the peer's loop
    inputs = [{} for _ in texts]
    return lambda: calculate(trainer, inputs, texts, texts, texts)


def measure(batch: int) -> None:
    """Print the figures of one batch size."""
    item = Item("i", ({"role": "user", "content": "q"},), {})
    texts = [f"completion number {i}" for i in range(batch)]
    weights = WeightedSum(dict.fromkeys(NAMES, 0.2))
    formula = FormulaComposition(parse_formula("a * b + c * d + e", frozenset(NAMES)))
    with (
        make_engine(weights) as weighted,
        make_engine(formula) as formulated,
        tempfile.TemporaryDirectory() as folder,
    ):
        directory = RunDirectory.create(Path(folder) / "run")

        def samples() -> list[Sample]:
            return [Sample(item, text) for text in texts]

        def logged() -> None:
            directory.write_samples("train", 1, weighted.grade(samples()))

        own, by_weights, by_formula, with_log, trl = median_seconds(
            lambda: [[score(text) for text in texts] for _ in NAMES],
            lambda: weighted.grade(samples()),
            lambda: formulated.grade(samples()),
            logged,
            trl_loop(texts),
        )
    per = 1e6 / batch
    print(f"batch {batch}: the graders' own work {own * per:.2f} µs a completion; over it:")
    print(f"  weights              {(by_weights - own) * per:6.2f} µs")
    print(f"  formula              {(by_formula - own) * per:6.2f} µs")
    print(f"  weights, and logging {(with_log - own) * per:6.2f} µs")
    print(f"  TRL's bare loop      {(trl - own) * per:6.2f} µs")


def main() -> None:
    """Measure three batch sizes."""
    for batch in (64, 512, 4096):
        measure(batch)


if __name__ == "__main__":
    main()
