"""What graders return for ordinary and for odd samples."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

from rft_core.testing.contract.bench import Bench, short, shown, told
from rft_core.testing.contract.materials import FEW_ODD, odd_completions
from rft_core.testing.findings import Finding
from rft_core.types import Completion, Grade, Item, Sample

RESULT = (
    "a grader returns a Grade, a finite number within score_range, or None; grade_batch a list of "
    "these, one per sample in order"
)
_WRONG = "a completion that is wrong, odd or unreadable is graded (0.0, with a reason), no error"


def results(bench: Bench) -> Iterator[Finding]:
    """Look at types, ranges and numbers of results, alone and in batches."""
    for sample, grade in zip(bench.samples, bench.first, strict=True):
        yield from _contract(shown(sample), grade)
        yield from _picklable(sample, grade)
    if bench.grader.is_batched() and not bench.is_paid:
        for batch in _batches(bench.samples):
            texts = ", ".join(short(sample.text, 30) for sample in batch[:4])
            for grade in bench.together(batch):
                yield from _contract(f"a batch of {len(batch)}: {texts}", grade)


def _batches(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Yield batches of all kinds: of one, of equal samples, with empty completions in between."""
    if not samples:
        return
    first, empty = samples[0], Sample(samples[0].item, "")
    yield [empty]
    yield [first, first]
    yield [empty, empty, empty]
    yield [first, empty, first, Sample(first.item, " \n"), first]
    yield list(samples)


def _contract(sent: str, grade: Grade) -> Iterator[Finding]:
    error = grade.error
    if error is not None and error.kind == "contract":
        yield Finding(
            "results", sent, error.message, RESULT,
            "Return exactly that: clamp what may leave the range, look out for divisions by zero "
            "and for samples that a loop skips.",
        )  # fmt: skip


def _picklable(sample: Sample, grade: Grade) -> Iterator[Finding]:
    try:
        pickle.dumps(grade)
    except Exception as error:  # noqa: BLE001 - pickling runs other people's code
        yield Finding(
            "results", shown(sample), f"a grade that does not pickle: {error}",
            "grades travel between processes, with their reason and metrics",
            "Keep to text in the reason and to floats in the metrics.",
        )  # fmt: skip


def samples_are_graded(bench: Bench) -> Iterator[Finding]:
    """Find samples of the author that are not graded on rows that `check_item` accepts."""
    for sample, grade in zip(bench.order.samples, bench.first, strict=False):
        if grade.error is None or grade.error.kind == "contract" or not accepts(bench, sample.item):
            continue
        if bench.is_isolated and is_undecided(grade):
            continue
        yield Finding(
            "samples", shown(sample), told(grade),
            "a row that check_item accepts can be graded, whatever the completion",
            "Refuse broken rows in check_item with a ValueError, and let nothing in a completion "
            "raise. If a service was down, start it for the tests.",
        )  # fmt: skip


def accepts(bench: Bench, item: Item) -> bool:
    """Whether `check_item` accepts the item."""
    try:
        bench.grader.check_item(item)
    except (ValueError, LookupError, TypeError):
        return False
    return True


def is_undecided(grade: Grade) -> bool:
    """Whether a grader gave up, as those in processes of their own may."""
    error = grade.error
    if error is None:
        return False
    return error.kind in {"timeout", "crash"} or error.message.startswith(
        ("MemoryError", "Timeout")
    )


def odd(bench: Bench) -> Iterator[Finding]:
    """Odd completions are graded: none is an error."""
    for sample, grade in _odd_grades(bench):
        if grade.error is None or grade.error.kind == "stop":
            continue
        if bench.is_isolated and is_undecided(grade):
            continue
        yield Finding(
            "odd_completions", shown(sample), told(grade), _WRONG,
            "Check types before use, catch the particular errors of parsing (or raise "
            "OutputParseError), and return 0.0 with a reason.",
        )  # fmt: skip


def applicability(bench: Bench) -> Iterator[Finding]:
    """Whether a grader applies depends on the item: no completion makes it return None."""
    if bench.grader.whole_batches:
        return
    for sample, grade in [*zip(bench.samples, bench.first, strict=True), *_odd_grades(bench)]:
        applies = any(one.item is sample.item for one, _ in bench.graded)
        if applies and grade.outcome == "not_applicable":
            other = next(one for one, _ in bench.graded if one.item is sample.item)
            yield Finding(
                "applicability", shown(sample),
                f"{told(grade)}, while {short(other.text, 40)} of the same item is graded",
                "None means that the grader does not apply to the item; a completion cannot get "
                "out of being graded",
                "Return 0.0 with a reason where the completion is wrong or cannot be read.",
            )  # fmt: skip


def _odd_grades(bench: Bench) -> Iterator[tuple[Sample, Grade]]:
    for typical in bench.typical:
        texts = FEW_ODD if bench.is_paid else odd_completions(typical.text)
        for text in bench.within_budget(texts):
            sample = Sample(typical.item, text)
            yield sample, bench.alone(sample)


def metadata(bench: Bench) -> Iterator[Finding]:
    """Leave out what may not be known about a completion: tokens, finish reason, turns."""
    for typical in bench.typical:
        for what, completion in _completions(typical):
            grade = bench.alone(Sample(typical.item, completion))
            error = grade.error
            if error is None or (bench.is_isolated and is_undecided(grade)):
                continue
            if completion.num_tokens is None and error.message.startswith("ValueError"):
                continue  # it says that it needs them
            yield Finding(
                "metadata", f"{shown(typical)} with {what}", told(grade),
                "num_tokens, finish_reason and messages of a completion may be None or empty, and "
                "any number of tokens is possible",
                "Treat None as not known; take max(tokens, 1) before you divide.",
            )  # fmt: skip
        yield from _without_prompt(bench, typical)


def _completions(typical: Sample) -> Iterator[tuple[str, Completion]]:
    text = typical.text
    turns = ({"role": "assistant", "content": "a"}, {"role": "user", "content": ""})
    last = {"role": "assistant", "content": text}
    for tokens in (None, 0, 1, 10**9):
        yield f"num_tokens={tokens}", Completion(text, tokens, "stop")
    for reason in (None, "length"):
        yield f"finish_reason={reason!r}", Completion(text, 7, reason)
    yield "several turns", Completion(text, 7, "stop", (*turns, last))


def _without_prompt(bench: Bench, typical: Sample) -> Iterator[Finding]:
    item = Item(typical.item.id, (), typical.item.fields)
    if not typical.item.messages or not accepts(bench, item):
        return
    grade = bench.alone(Sample(item, typical.text))
    if grade.error is not None and grade.error.message.startswith(("IndexError", "TypeError")):
        yield Finding(
            "metadata", f"{shown(typical)} whose item has no messages", told(grade),
            "items may come without messages",
            "Refuse such items in check_item with a ValueError if the prompt is needed.",
        )  # fmt: skip
