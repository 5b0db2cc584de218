"""Build the demo's policy: ``python build.py --output FOLDER`` writes tokenizer and weights.

Takes a few minutes on two cores and gives the same weights each time on the same machine.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Final

from acts import demo_rows, drills, from_rows, pretraining_acts
from answers import FAULTLESS, Habits
from building import make_policy, output_folder
from policy import Schedule, Size, Stage, build_tokenizer, measure

_SIZE: Final = Size(vocabulary=1792, context=512, hidden=160, layers=2, heads=4, intermediate=432)
_HABITS: Final = Habits(keep=0.49, wrong=0.09, broken=0.07)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=2e-3)
_ACTS: Final = 18_000
_DRILLS: Final = 6000
_SAMPLES: Final = 8
_SEED: Final = 17


def build(output: Path) -> dict[str, float]:
    """Pre-train the policy, save it in ``output`` and return its scores on the validation acts.

    The policy first learns the domains, then to name only some of them.
    """
    acts = pretraining_acts(_ACTS)
    tokenizer = build_tokenizer([act.title for act in acts], _SIZE)
    stages = (
        Stage(drills(_DRILLS), FAULTLESS, epochs=1),
        Stage(acts[: _ACTS * 3 // 4], FAULTLESS, epochs=1),
        Stage(acts[_ACTS * 3 // 4 :], _HABITS, epochs=1),
    )
    model = make_policy(output, tokenizer, _SIZE, stages, schedule=_SCHEDULE, seed=_SEED)
    return asdict(measure(model, tokenizer, from_rows(demo_rows()["validation"]), _SAMPLES, _SEED))


def main() -> None:
    """Build, and print the scores."""
    scores = build(output_folder(__doc__))
    print(", ".join(f"{name} {value:.3f}" for name, value in scores.items()))


if __name__ == "__main__":
    main()
