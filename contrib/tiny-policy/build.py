"""Build the demo's policy: ``python build.py --output FOLDER`` writes tokenizer and weights.

Takes a few minutes on two cores and gives the same weights each time on the same machine.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from acts import demo_rows, drills, from_rows, pretraining_acts
from answers import FAULTLESS, Habits
from policy import Schedule, Size, Stage, build_model, build_tokenizer, measure, pretrain

_SIZE: Final = Size(vocabulary=1792, context=512, hidden=160, layers=2, heads=4, intermediate=432)
_HABITS: Final = Habits(keep=0.49, wrong=0.09, broken=0.07)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=2e-3)
_ACTS: Final = 18_000
_DRILLS: Final = 6000
_SAMPLES: Final = 8
_SEED: Final = 17
_THREADS: Final = 2


def build(output: Path) -> dict[str, float]:
    """Pre-train the policy, save it in ``output`` and return its scores on the validation acts.

    The policy first learns the domains, then to name only some of them.
    """
    torch.set_num_threads(_THREADS)
    acts = pretraining_acts(_ACTS)
    tokenizer = build_tokenizer([act.title for act in acts], _SIZE)
    model = build_model(tokenizer, _SIZE, _SEED)
    stages = (
        Stage(drills(_DRILLS), FAULTLESS, epochs=1),
        Stage(acts[: _ACTS * 3 // 4], FAULTLESS, epochs=1),
        Stage(acts[_ACTS * 3 // 4 :], _HABITS, epochs=1),
    )
    pretrain(model, tokenizer, stages, _SCHEDULE, seed=_SEED, on_epoch=_report)
    tokenizer.save_pretrained(output)
    model.save_pretrained(output)
    return asdict(measure(model, tokenizer, from_rows(demo_rows()["validation"]), _SAMPLES, _SEED))


def _report(epoch: int, loss: float) -> None:
    print(f"epoch {epoch}: loss {loss:.3f}", flush=True)


def main() -> None:
    """Build, and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    scores = build(parser.parse_args().output)
    print(", ".join(f"{name} {value:.3f}" for name, value in scores.items()))


if __name__ == "__main__":
    main()
