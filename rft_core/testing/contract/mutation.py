"""Graders share samples, rows and configs with others, and leave them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rft_core.testing.contract.bench import Bench, short, shown
from rft_core.testing.contract.materials import shuffled_json
from rft_core.testing.findings import Finding
from rft_core.types import Completion, Sample

_JSON_TRIALS = ('{"b": [3, 1, 2], "a": {"c": ["y", "x"]}, "labels": ["b", "A", "b"]}', "[3, 1, 2]")


def mutation(bench: Bench) -> Iterator[Finding]:
    """Grading changes neither sample, row, parsed JSON, batch nor config."""
    for batch in bench.within_budget(_batches(bench)):
        before = [_picture(sample) for sample in batch]
        config = repr(bench.order.config)
        sent = list(batch)
        bench.together(sent)
        yield from _changed(batch, before)
        yield from _batch_changed(batch, sent)
        if repr(bench.order.config) != config:
            yield _finding(
                "any sample", f"the config changed to {short(bench.order.config)}", "the config"
            )
    yield from _by_item_methods(bench)


def _batches(bench: Bench) -> Iterator[list[Sample]]:
    chosen = bench.typical if bench.is_paid else [sample for sample, _ in bench.graded[:8]]
    for sample in chosen:
        texts = [sample.text] if bench.is_paid else [
            sample.text, *shuffled_json(sample.text), *_JSON_TRIALS,
        ]  # fmt: skip
        for text in texts:
            yield [_fresh(bench, sample, text)]
    if bench.grader.is_batched() and not bench.is_paid:
        yield [_fresh(bench, sample, sample.text) for sample in chosen[::-1]]


def _fresh(bench: Bench, sample: Sample, text: str) -> Sample:
    """Return a sample whose row belongs to no other, so that a change shows."""
    return Sample(bench.untouched(sample.item), Completion(text, 17, "stop"))


def _picture(sample: Sample) -> dict[str, str]:
    completion = sample.completion
    return {
        "item.fields": repr(sample.item.fields),
        "item.messages": repr(sample.item.messages),
        "text": sample.text,
        "completion": repr((completion.text, completion.num_tokens, completion.finish_reason,
                            completion.messages)),
        "json": repr(_json(sample)),
    }  # fmt: skip


def _json(sample: Sample) -> Any:
    try:
        return sample.json
    except Exception:  # noqa: BLE001 - it is no JSON
        return None


def _changed(batch: Sequence[Sample], before: Sequence[dict[str, str]]) -> Iterator[Finding]:
    for sample, was in zip(batch, before, strict=True):
        now = _picture(sample)
        for part, value in was.items():
            if now[part] != value:
                yield _finding(
                    f"completion {short(was['text'])}",
                    f"sample.{part} was {_cut(value)} and is {_cut(now[part])}", f"sample.{part}",
                )  # fmt: skip


def _batch_changed(batch: Sequence[Sample], sent: Sequence[Sample]) -> Iterator[Finding]:
    if list(map(id, batch)) != list(map(id, sent)):
        yield _finding(
            f"a batch of {len(batch)} samples", f"the list has {len(sent)}, in other places",
            "the list of samples",
        )  # fmt: skip


def _by_item_methods(bench: Bench) -> Iterator[Finding]:
    for sample in bench.typical:
        fresh = _fresh(bench, sample, sample.text)
        before = _picture(fresh)
        for name in ("check_item", "reference_completion"):
            try:
                getattr(bench.grader, name)(fresh.item)
            except Exception:  # noqa: BLE001, S112 - other checks tell
                continue
            if _picture(fresh) != before:
                yield _finding(f"{name} of item {fresh.item.id!r}", shown(fresh), "the item")


def _finding(sent: str, got: str, what: str) -> Finding:
    return Finding(
        "mutation", sent, got,
        f"a grader leaves {what} as it is: other graders see the same object",
        "Work on a copy: sorted(…) in place of .sort(), dict(…) before .pop().",
    )  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) < 90 else f"{text[:85]}…"  # noqa: PLR2004 - a line
