"""Pre-train the policy that the EuroVoc benchmark starts from, on real titles of EU acts.

It learns from ``corpus.jsonl`` with contrib/tiny-policy's code to name only some of an act's
domains, now and then a wrong one, and now and then to break the JSON; it never sees a complete
set of labels as such. The acts that are to be
trained on and selected by, ``train.jsonl`` and ``validation.jsonl``, are never opened. Before
anything is learnt, a third split is taken out of the corpus and written to ``test.jsonl`` next to
the weights, for numbers to report.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "contrib" / "tiny-policy"))

from acts import Row, from_rows
from answers import Habits
from policy import Schedule, Size, Stage, build_model, build_tokenizer, measure, pretrain

_CORPUS: Final = Path("../shared/data/eurovoc")
_OUTPUT: Final = Path("~/.cache/rft/eurovoc-policy")
_SIZE: Final = Size(vocabulary=2048, context=512, hidden=128, layers=4, heads=4, intermediate=352)
_HABITS: Final = Habits(keep=0.45, wrong=0.1, broken=0.03)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=2e-3)
_EPOCHS: Final = 8
_TEST_ROWS: Final = 150
_SAMPLES: Final = 3
_SEED: Final = 17
_THREADS: Final = 2


def build(corpus: Path, output: Path) -> dict[str, float]:
    """Pre-train on ``corpus``, save everything in ``output``, return the scores on the test split.

    The weights are written last: a folder that has them is complete.
    """
    torch.set_num_threads(_THREADS)
    test, rows = split(_read(corpus))
    acts = from_rows(rows)
    tokenizer = build_tokenizer([act.title for act in acts], _SIZE)
    model = build_model(tokenizer, _SIZE, _SEED)
    stages = [Stage(acts, _HABITS, _EPOCHS)]
    pretrain(model, tokenizer, stages, _SCHEDULE, seed=_SEED, on_epoch=_report)
    output.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in test)
    (output / "test.jsonl").write_text(lines, encoding="utf-8", newline="\n")
    tokenizer.save_pretrained(output)
    model.save_pretrained(output)
    return asdict(measure(model, tokenizer, from_rows(test), _SAMPLES, _SEED))


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the test rows and the rest, the same ones each time."""
    shuffled = random.Random(_SEED).sample(list(rows), len(rows))
    return shuffled[:_TEST_ROWS], shuffled[_TEST_ROWS:]


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _report(epoch: int, loss: float) -> None:
    print(f"epoch {epoch} of {_EPOCHS}: loss {loss:.3f}", flush=True)


def main() -> None:
    """Build unless that has been done, and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_CORPUS, metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=_OUTPUT, metavar="FOLDER")
    options = parser.parse_args()
    output: Path = options.output.expanduser()
    if (output / "model.safetensors").exists():
        print(f"{output} is there already")
        return
    scores = build(options.data / "corpus.jsonl", output)
    print(", ".join(f"{name} {value:.3f}" for name, value in scores.items()))


if __name__ == "__main__":
    main()
