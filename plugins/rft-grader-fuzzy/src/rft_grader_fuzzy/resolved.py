"""The settings with every `auto` replaced by what suits the scorer."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from rft_grader_fuzzy.config import Settings
from rft_grader_fuzzy.scorers import SCORERS, Scorer

ValueT = TypeVar("ValueT")

WORD_ORDER = 0.5
"""`Smith, John` keeps half of the order of `John Smith`; a shuffled sentence keeps less."""
SHARED_WORDS = 0.5
REPETITION = 0.2
LENGTHS = 0.5, 2.0
NARROW_LENGTHS = 2 / 3, 1.5


class Limits(NamedTuple):
    """What applies to a pair; None: no limit."""

    scorer: Scorer
    floor: float
    max_chars: int
    min_length_ratio: float | None
    max_length_ratio: float | None
    min_word_order: float | None
    min_shared_words: float | None
    max_repetition: float | None


def resolve(settings: Settings) -> Limits:
    """Return the limits that the settings ask for; raise `ValueError` if they contradict."""
    scorer = SCORERS[settings.scorer]
    shortest, longest = NARROW_LENGTHS if scorer.forgives_gaps else LENGTHS
    limits = Limits(
        scorer,
        _auto(settings.floor, scorer.floor),
        _auto(settings.max_chars, scorer.max_chars),
        _auto(settings.min_length_ratio, shortest),
        _auto(settings.max_length_ratio, longest),
        _auto(settings.min_word_order, WORD_ORDER if scorer.ignores_order else None),
        _auto(settings.min_shared_words, SHARED_WORDS if scorer.one_word_suffices else None),
        _auto(settings.max_repetition, REPETITION if scorer.forgives_gaps else None),
    )
    if limits.floor >= settings.ceiling:
        raise ValueError(
            f"ceiling ({settings.ceiling:g}) has to be above the floor ({limits.floor:g})"
        )
    return limits


def _auto(value: Any, default: ValueT) -> ValueT:
    """Return the default for `auto`, else the value, which the config has validated."""
    return default if value == "auto" else value


def suspicions(settings: Settings) -> list[str]:
    """Return what is allowed but pays answers that are not similar."""
    limits = resolve(settings)
    checks = (
        _salad_pays(limits),
        _gaps_pay(limits),
        _shuffling_pays(limits),
        _one_word_pays(limits),
        _slow(limits),
        _exact_bytes(settings),
    )
    return [text for text in checks if text]


def _salad_pays(limits: Limits) -> str | None:
    expected = limits.scorer.floor
    if limits.floor >= expected / 2 or expected - limits.floor < 0.1:  # noqa: PLR2004 - little enough
        return None
    return (
        f"floor: {limits.floor:g} pays random letters, which reach {expected:g} under "
        f"{limits.scorer.name}"
    )


def _gaps_pay(limits: Limits) -> str | None:
    if not limits.scorer.forgives_gaps:
        return None
    bounds = limits.min_length_ratio, limits.max_length_ratio
    if all(bounds):
        return None
    return (
        f"{limits.scorer.name} without min_length_ratio and max_length_ratio pays a fragment of "
        "the reference, or the reference among anything else"
    )


def _shuffling_pays(limits: Limits) -> str | None:
    if not limits.scorer.ignores_order or limits.min_word_order:
        return None
    return f"{limits.scorer.name} without min_word_order gives full marks to shuffled words"


def _one_word_pays(limits: Limits) -> str | None:
    if not limits.scorer.one_word_suffices or limits.min_shared_words:
        return None
    return f"{limits.scorer.name} without min_shared_words gives full marks for one common word"


def _slow(limits: Limits) -> str | None:
    if limits.max_chars <= limits.scorer.max_chars:
        return None
    return (
        f"max_chars: {limits.max_chars} is above {limits.scorer.max_chars}, from where a pair can "
        f"take {limits.scorer.name} longer than 50 ms"
    )


def _exact_bytes(settings: Settings) -> str | None:
    if {"nfc", "nfkc"} & set(settings.process):
        return None
    return "process names no Unicode form, so two spellings of one accented letter differ"
