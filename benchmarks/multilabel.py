"""The multi-label grader through the whole runner, against bare Python doing the same job.

Bare Python reads the completion with `json.loads`, makes sets and divides; it gives no reason,
checks nothing and fails on the first answer of another form. Each repetition has new completions
of items from one dataset, and runs everything in turn on the same ones, so that a machine that
changes its speed changes all figures alike. On a machine shared with others the CPU time is the
one to compare: the runner waits for a thread to be scheduled, and bare Python does not.

    python benchmarks/multilabel.py [--batch 512] [--repetitions 200]
"""

from __future__ import annotations

import argparse
import json
import operator
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from rft_grader_multilabel import MultilabelGrader

from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.types import Grade, Item, Sample

LABELS: Final = [f"{area} {topic}" for area in ("social", "energy", "trade") for topic in "abcdefg"]
DATASET: Final = 100
GROUP: Final = 8
BASELINE: Final = "bare Python, from text"
KEEP: Final = 0.5
"""Share of the right labels that a completion names; it names as many wrong ones."""


@dataclass(frozen=True)
class Batch:
    """Samples fresh from the policy, and the same data as bare Python takes it."""

    samples: list[Sample]
    texts: list[str]
    references: list[list[str]]


class Times(NamedTuple):
    """Seconds: `wall` as a clock tells them, `cpu` as all threads of this process used them."""

    wall: float
    cpu: float


def make_batch(dataset: Sequence[Item], size: int, rng: random.Random) -> Batch:
    """Return completions in groups of one item, about half right."""
    items = rng.choices(dataset, k=-(-size // GROUP))
    samples = [Sample(items[i // GROUP], complete(items[i // GROUP], rng)) for i in range(size)]
    references = [sample.item.fields["reference_answer"] for sample in samples]
    return Batch(samples, [sample.text for sample in samples], references)


def make_item(number: int, rng: random.Random) -> Item:
    labels = rng.sample(LABELS, rng.choice((1, 2, 2, 3, 3, 3, 4, 4, 5, 5)))
    return Item(str(number), (), {"reference_answer": labels})


def complete(item: Item, rng: random.Random) -> str:
    right = item.fields["reference_answer"]
    named = [label for label in right if rng.random() < KEEP]
    others = [label for label in LABELS if label not in right]
    named += rng.sample(others, sum(rng.random() < KEEP for _ in right))
    return json.dumps({"level1": [{"code": label} for label in rng.sample(named, len(named))]})


def bare(text: str, reference: Sequence[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1 as one writes them down."""
    return numbers({entry["code"] for entry in json.loads(text)["level1"]}, set(reference))


def numbers(named: set[str], right: set[str]) -> tuple[float, float, float]:
    hits = len(named & right)
    precision = hits / len(named) if named else 0.0
    recall = hits / len(right) if right else 0.0
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else 0.0


@contextmanager
def whole_runner() -> Iterator[Callable[[Sequence[Sample]], list[Grade]]]:
    """Yield a function that grades a batch as a run does; made once, as in a run."""
    grader = MultilabelGrader.from_config({"labels": "$.level1[*].code", "metric": "f1"})
    call = GraderCall("multilabel", grader, "rft-grader-multilabel", grader.timeout, 1)
    runner = make_runner(call)
    with GradingLoop() as loop:
        yield lambda samples: loop.call(runner.run(samples))
        runner.close()


def timed(function: Callable[[], Any]) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def sklearn_numbers(named: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> Any:
    from sklearn.metrics import precision_recall_fscore_support
    from sklearn.preprocessing import MultiLabelBinarizer

    binarizer = MultiLabelBinarizer(classes=LABELS)
    truth, answer = binarizer.fit_transform(right), binarizer.fit_transform(named)
    return precision_recall_fscore_support(truth, answer, average="samples", zero_division=0)


def measure_one(batch: Batch, grade: Callable[[Sequence[Sample]], Any]) -> dict[str, Times]:
    """Return the time that each way takes for the batch."""
    pairs = list(zip(batch.texts, batch.references, strict=True))
    times = {
        BASELINE: timed(lambda: [bare(*pair) for pair in pairs]),
        "whole runner, from text": timed(lambda: grade(batch.samples)),
    }
    named = [[entry["code"] for entry in sample.json["level1"]] for sample in batch.samples]
    parsed = list(zip(named, batch.references, strict=True))
    times["bare Python, parsed labels"] = timed(
        lambda: [numbers(set(labels), set(right)) for labels, right in parsed]
    )
    times["whole runner, parsed JSON"] = timed(lambda: grade(batch.samples))
    if find_spec("sklearn"):
        times["scikit-learn, parsed labels"] = timed(
            lambda: sklearn_numbers(named, batch.references)
        )
    return times


def check_agreement(batch: Batch, grade: Callable[[Sequence[Sample]], list[Grade]]) -> None:
    """Raise if the two ways do not give the same numbers, as they would then not be one job."""
    for sample, result in zip(batch.samples, grade(batch.samples), strict=True):
        ours = result.metrics["precision"], result.metrics["recall"], result.metrics["f1"]
        theirs = bare(sample.text, sample.item.fields["reference_answer"])
        empty = sample.json["level1"] == []
        if not empty and max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > 1e-12:
            raise AssertionError(f"{sample!r}: {ours} and {theirs}")


def show(runs: list[dict[str, Times]], size: int) -> None:
    print(f"batch of {size}, {len(runs)} repetitions, medians; ratios to bare Python from text")
    print(f"{'':28} {'µs/sample':>12} {'ratio':>8} {'CPU µs':>12} {'ratio':>8}")
    for way in runs[0]:
        wall, cpu = (columns(runs, way, clock, size) for clock in Times._fields)
        print(f"{way:28} {wall} {cpu}")


def columns(runs: list[dict[str, Times]], way: str, clock: str, size: int) -> str:
    times = [getattr(run[way], clock) for run in runs]
    baselines = [getattr(run[BASELINE], clock) for run in runs]
    ratio = statistics.median(map(operator.truediv, times, baselines))
    return f"{statistics.median(times) / size * 1e6:12.2f} {ratio:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--repetitions", type=int, default=200)
    options = parser.parse_args()
    rng = random.Random(0)
    dataset = [make_item(number, rng) for number in range(DATASET)]
    with whole_runner() as grade:
        check_agreement(make_batch(dataset, options.batch, rng), grade)
        batches = (make_batch(dataset, options.batch, rng) for _ in range(options.repetitions))
        show([measure_one(batch, grade) for batch in batches], options.batch)


if __name__ == "__main__":
    main()
