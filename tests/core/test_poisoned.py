"""The record of samples that took workers down."""

from __future__ import annotations

import gc

from rft_core.grading.poisoned import PoisonedSamples
from rft_core.testing import make_sample
from rft_core.types import Completion, GradeError, Item, Sample

CRASH = GradeError("crash", "worker died", "quality", "acme 1")
ITEM = Item("r1", (), {})


def test_a_sample_is_refused_after_two_strikes_with_the_last_error() -> None:
    poisoned = PoisonedSamples()
    sample = make_sample("a")
    late = GradeError("timeout", "took longer", "quality", "acme 1")
    poisoned.strike([sample], CRASH)
    assert poisoned.error_of(sample) is None
    poisoned.strike([sample], late)
    assert poisoned.error_of(sample) is late


def test_equal_completions_of_one_item_are_one_sample() -> None:
    poisoned = PoisonedSamples()
    poisoned.strike([Sample(ITEM, "a"), Sample(ITEM, Completion("a", num_tokens=3))], CRASH)
    assert poisoned.error_of(Sample(ITEM, "a")) is CRASH
    assert poisoned.error_of(Sample(ITEM, "b")) is None
    turns = ({"role": "user", "content": "again"},)
    assert poisoned.error_of(Sample(ITEM, Completion("a", messages=turns))) is None
    assert poisoned.error_of(Sample(Item("r1", (), {}), "a")) is None


def test_text_that_is_not_unicode_is_no_problem() -> None:
    poisoned = PoisonedSamples()
    poisoned.strike([Sample(ITEM, "\ud800")] * 2, CRASH)
    assert poisoned.error_of(Sample(ITEM, "\ud800")) is CRASH


def test_a_sample_that_was_graded_after_all_starts_anew() -> None:
    poisoned = PoisonedSamples()
    sample = make_sample("a")
    poisoned.strike([sample], CRASH)
    poisoned.clear(sample)
    poisoned.strike([sample], CRASH)
    assert poisoned.error_of(sample) is None


def test_items_are_held_so_that_their_ids_are_not_given_away() -> None:
    poisoned = PoisonedSamples()
    sample = make_sample("a")
    identity = id(sample.item)
    poisoned.strike([sample], CRASH)
    del sample
    gc.collect()
    others = [make_sample("a") for _ in range(1000)]
    assert identity not in {id(other.item) for other in others}
    assert [other for other in others if poisoned.error_of(other)] == []


def test_the_record_is_bounded_and_forgets_the_oldest() -> None:
    poisoned = PoisonedSamples(max_kept=3)
    samples = [make_sample(str(n)) for n in range(5)]
    for sample in samples:
        poisoned.strike([sample, sample], CRASH)
    assert len(poisoned) == 3
    assert [poisoned.error_of(sample) is CRASH for sample in samples] == [False] * 2 + [True] * 3
