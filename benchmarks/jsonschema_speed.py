"""Documents per second: jsonschema listing errors, and the grader `json_schema`, in one run.

    python benchmarks/jsonschema_speed.py

For three kinds of documents, valid ones and ones with errors. The contenders take turns in short
rounds, so that whatever else the machine does hits all of them alike; the median round counts.

* jsonschema: `list(validator.iter_errors(document))` on parsed documents;
* engine: what the grader does on parsed documents with jsonschema-rs: a verdict, and the list of
  violations with its reason where the verdict is no;
* parse: reading the JSON alone, strictly; no engine can make this part faster;
* grader: the whole grader, from text to grade;
* runner: the grader in the runner of rft-core, in batches of 512.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema
from rft_grader_jsonschema import JsonSchemaGrader
from rft_grader_jsonschema.engines import load_engine
from rft_grader_jsonschema.parse import parse_json
from rft_grader_jsonschema.reasons import explain

from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.testing import make_grader, make_sample
from rft_core.types import Sample

ROUNDS = 7
ROUND_SECONDS = 0.15
BATCH = 512
CONTENDERS = ("jsonschema", "engine", "parse", "grader", "runner")

Task = Callable[[], None]


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SMALL = closed(name={"type": "string"}, age={"type": "integer", "minimum": 0})
LABELS = [f"{number * 4:02d} some domain of the thesaurus" for number in range(21)]
EUROVOC = closed(level1={"type": "array", "items": closed(code={"enum": LABELS})})
LINE = closed(
    sku={"type": "string", "minLength": 3},
    amount={"type": "integer"},
    tags={"type": "array", "items": {"type": "string"}},
)
LARGE = closed(
    orders={
        "type": "array",
        "items": closed(
            number={"type": "integer"}, customer=SMALL, lines={"type": "array", "items": LINE}
        ),
    }
)


def small(number: int, *, wrong: bool) -> Any:
    return {"name": f"name {number}", "age": -1 if wrong else number}


def eurovoc(number: int, *, wrong: bool) -> Any:
    codes = [LABELS[(number + step) % 21] for step in range(3)]
    return {"level1": [{"code": code} for code in codes] + [{"code": "none"}] * wrong}


def large(number: int, *, wrong: bool) -> Any:
    line = {"sku": "abc-123", "amount": number, "tags": ["x", "y"]}
    order = {"number": number, "customer": small(number, wrong=False), "lines": [line] * 5}
    return {"orders": [order] * 10 + [{**order, "number": "one"}] * wrong}


KINDS = {"small": (SMALL, small), "EuroVoc": (EUROVOC, eurovoc), "large nested": (LARGE, large)}


def tasks(schema: Any, documents: Sequence[Any], loop: GradingLoop) -> dict[str, Task]:
    """Return, for each contender, a function that treats all documents once."""
    samples = [make_sample(json.dumps(document)) for document in documents]
    grader = make_grader(JsonSchemaGrader, schema=schema, engine="jsonschema-rs")
    reference = jsonschema.Draft202012Validator(schema)
    source = grader.config.source()
    judge = load_engine("jsonschema-rs")(source, source.root)
    runner = make_runner(GraderCall("valid", grader, "benchmark", grader.timeout, 1))

    def list_errors() -> None:
        for document in documents:
            list(reference.iter_errors(document))

    def engine() -> None:
        for document in documents:
            if not judge.is_valid(document):
                explain(judge.violations(document))

    def parse() -> None:
        for sample in samples:
            parse_json(sample.text, duplicate_keys="reject", max_depth=64)

    def whole() -> None:
        grader.grade_batch(samples)

    def through_runner() -> None:
        loop.call(runner.run([Sample(sample.item, sample.completion) for sample in samples]))

    return dict(zip(CONTENDERS, (list_errors, engine, parse, whole, through_runner), strict=True))


def rate(task: Task, documents: int) -> float:
    """Return documents per second over one round."""
    repeats, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < ROUND_SECONDS:
        task()
        repeats += 1
    return repeats * documents / elapsed


def measure(contenders: dict[str, Task], documents: int) -> dict[str, float]:
    """Let the contenders take turns; return the median rate of each."""
    rounds = [
        {name: rate(task, documents) for name, task in contenders.items()} for _ in range(ROUNDS)
    ]
    return {name: statistics.median(one[name] for one in rounds) for name in contenders}


def main() -> None:
    print(f"Python {platform.python_version()}, batches of {BATCH}, documents/s")
    print(f"{'':24}" + "".join(f"{name:>12}" for name in CONTENDERS) + "   engine/js  grader/js")
    with GradingLoop() as loop:
        for kind, (schema, make) in KINDS.items():
            for wrong in (False, True):
                count = BATCH if kind != "large nested" else BATCH // 8
                documents = [make(number, wrong=wrong) for number in range(count)]
                rates = measure(tasks(schema, documents, loop), count)
                line = "".join(f"{rates[name]:12,.0f}" for name in CONTENDERS)
                ratios = [rates[name] / rates["jsonschema"] for name in ("engine", "grader")]
                label = f"{kind}, {'with errors' if wrong else 'valid'}"
                print(f"{label:24}{line}{ratios[0]:11.1f}x{ratios[1]:10.1f}x")


if __name__ == "__main__":
    main()
