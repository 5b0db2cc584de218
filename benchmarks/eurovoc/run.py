"""Reinforcement fine-tuning on 100 real EU acts: what it gains, over several seeds.

    python benchmarks/eurovoc/run.py [--seeds 1 2 3] [--steps 80]

Pre-trains a policy of a million parameters once (see pretrain.py), trains it with task.yaml once
per seed, and prints F1, precision, recall and the share of valid answers before and after: on the
validation acts, by which the checkpoint is chosen, and on a third split that chooses nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
NAMES: Final = ("f1", "precision", "recall", "valid")
RFT: Final = (sys.executable, "-m", "rft_core")


def write_task(folder: Path, data: Path, policy: Path, changes: Mapping[str, Any]) -> Path:
    """Write task.yaml with the right paths and some changed settings into a folder."""
    task = yaml.safe_load((HERE / "task.yaml").read_text(encoding="utf-8"))
    task["data"] = {
        "train": str(data / "train.jsonl"),
        "validation": str(data / "validation.jsonl"),
    }
    task["model"]["name"] = str(policy)
    task["reward"]["graders"]["valid"]["config"]["schema"] = str(HERE / "level1.json")
    task["train"] |= changes
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, sort_keys=False), encoding="utf-8")
    return path


def scores(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Return the means of an evaluation."""
    return {name: evaluation["graders"][name]["mean"] for name in NAMES}


def repeated(samples: Path) -> float:
    """Return the share of answers that name a label twice."""
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    return sum(names_twice(row["completion"]) for row in rows) / len(rows)


def names_twice(completion: str) -> bool:
    """Whether a valid answer repeats a label."""
    try:
        codes = [label["code"] for label in json.loads(completion)["level1"]]
    except (ValueError, KeyError, TypeError):
        return False
    return len(codes) != len(set(map(str, codes)))


def evaluate(task: Path, model: Path, output: Path) -> dict[str, float]:
    """Evaluate a model on the validation items of a task file."""
    command = [*RFT, "eval", str(task), "--model", str(model), "--output", str(output)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return scores(json.loads((output / "evaluation.json").read_text(encoding="utf-8")))


def one_seed(folder: Path, task: Path, test: Path, policy: Path) -> dict[str, Any]:
    """Train with one seed; return the scores before and after on both splits."""
    start = time.perf_counter()
    run = folder / "run"
    subprocess.run([*RFT, "train", str(task), "--output", str(run)], check=True)
    minutes = (time.perf_counter() - start) / 60
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    best = run / "checkpoints" / "best"
    samples = run / "samples" / f"eval-{summary['best_step']:06d}.jsonl"
    return {
        "minutes": minutes,
        "best_step": summary["best_step"],
        "repeated": repeated(samples),
        "validation": (scores(summary["baseline"]), scores(summary["best"])),
        "test": (
            evaluate(test, policy, folder / "test-before"),
            evaluate(test, best, folder / "test-after"),
        ),
    }


def show(results: Sequence[Mapping[str, Any]]) -> None:
    """Print what each seed and their mean gained."""
    for result in results:
        print(
            f"seed {result['seed']}: best step {result['best_step']}, "
            f"{result['minutes']:.1f} minutes, "
            f"answers that repeat a label {result['repeated']:.1%}"
        )
        for split in ("validation", "test"):
            print(f"  {split:10} " + "  ".join(_change(*result[split], name) for name in NAMES))
    for split in ("validation", "test"):
        gains = [result[split][1]["f1"] - result[split][0]["f1"] for result in results]
        print(
            f"mean gain of F1 on {split}: {statistics.fmean(gains):+.3f} "
            f"(each {', '.join(f'{gain:+.3f}' for gain in gains)})"
        )


def _change(before: Mapping[str, float], after: Mapping[str, float], name: str) -> str:
    return f"{name} {before[name]:.3f} -> {after[name]:.3f}"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "eurovoc")
    parser.add_argument("--policy", type=Path, default=Path("~/.cache/rft/eurovoc-policy"))
    parser.add_argument("--output", type=Path, default=Path("runs/eurovoc"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=80)
    options = parser.parse_args()
    policy: Path = options.policy.expanduser().resolve()
    data: Path = options.data.resolve()
    pretrain = [sys.executable, str(HERE / "pretrain.py"), "--data", str(data)]
    subprocess.run([*pretrain, "--output", str(policy)], check=True)
    results = []
    for seed in options.seeds:
        folder = options.output.resolve() / f"seed-{seed}"
        changes = {"seed": seed, "max_steps": options.steps}
        task = write_task(folder, data, policy, changes)
        test = write_task(folder / "test", data, policy, changes)
        text = test.read_text(encoding="utf-8")
        test.write_text(
            text.replace(str(data / "validation.jsonl"), str(policy / "test.jsonl")),
            encoding="utf-8",
        )
        results.append({"seed": seed, **one_seed(folder, task, test, policy)})
    show(results)


if __name__ == "__main__":
    main()
