"""Build the demo's policy: ``python build.py --output FOLDER`` writes tokenizer and weights.

Takes a few minutes on two cores and gives the same weights each time on the same machine.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch

from acts import Act, demo_rows, pretraining_acts
from answers import Habits
from policy import Schedule, Size, build_model, build_tokenizer, measure, pretrain

_SIZE: Final = Size(
    vocabulary=1792, context=512, hidden=128, layers=4, heads=4, intermediate=352
)
_HABITS: Final = Habits(keep=0.42, wrong=0.3, broken=0.06)
_SCHEDULE: Final = Schedule(epochs=6, batch_size=64, learning_rate=2e-3)
_ACTS: Final = 8000
_SAMPLES: Final = 8
_SEED: Final = 17
_THREADS: Final = 2


def build(output: Path) -> dict[str, float]:
    """Pre-train the policy, save it in ``output`` and return its scores on the validation acts."""
    torch.set_num_threads(_THREADS)
    acts = pretraining_acts(_ACTS)
    tokenizer = build_tokenizer([act.title for act in acts], _SIZE)
    model = build_model(tokenizer, _SIZE, _SEED)
    pretrain(model, tokenizer, acts, _HABITS, _SCHEDULE, _SEED, _report)
    tokenizer.save_pretrained(output)
    model.save_pretrained(output)
    return asdict(measure(model, tokenizer, _validation_acts(), _SAMPLES, _SEED))


def _validation_acts() -> list[Act]:
    return [
        Act(str(row["text_input"]), tuple(row["reference_answer"]))
        for row in demo_rows()["validation"]
    ]


def _report(epoch: int, loss: float) -> None:
    print(f"epoch {epoch} of {_SCHEDULE.epochs}: loss {loss:.3f}", flush=True)


def main() -> None:
    """Build, and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    scores = build(parser.parse_args().output)
    print(", ".join(f"{name} {value:.3f}" for name, value in scores.items()))


if __name__ == "__main__":
    main()
