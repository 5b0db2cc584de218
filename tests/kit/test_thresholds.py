"""Thresholds: which figures are good enough."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rft_core.testing.thresholds import Measure, Thresholds, measures

PERFECT: dict[str, float | None] = {
    "agreement": 1.0,
    "false_passes": 0,
    "false_fails": 0,
    "violations": 0,
    "fooled": 0,
    "missed": 0,
    "broke": 0,
    "p99_ms": 3.0,
}


def found(thresholds: Thresholds, **figures: float | None) -> dict[str, Measure]:
    return {one.name: one for one in measures(thresholds, {**PERFECT, **figures})}


def test_the_defaults_are_met_by_what_is_perfect_only() -> None:
    assert all(one.met for one in found(Thresholds()).values())
    for name in PERFECT.keys() - {"agreement", "p99_ms"}:
        assert [one.name for one in found(Thresholds(), **{name: 1}).values() if not one.met] == [
            name
        ]
    assert not found(Thresholds(), agreement=0.99)["agreement"].met


@pytest.mark.parametrize("name", PERFECT.keys() - {"agreement"})
def test_a_limit_may_be_reached_and_not_passed(name: str) -> None:
    thresholds = Thresholds(**{name: 2})
    assert found(thresholds, **{name: 2})[name].met
    assert not found(thresholds, **{name: 3})[name].met


def test_agreement_is_a_lower_limit() -> None:
    thresholds = Thresholds(agreement=0.9)
    assert found(thresholds, agreement=0.9)["agreement"].met
    assert not found(thresholds, agreement=0.89)["agreement"].met


def test_what_was_not_measured_is_not_good_enough() -> None:
    unknown = found(Thresholds(fooled=5), agreement=None, fooled=None)
    assert not unknown["agreement"].met
    assert not unknown["fooled"].met


def test_no_agreement_may_be_asked_for() -> None:
    assert found(Thresholds(agreement=0), agreement=None)["agreement"].met


def test_a_figure_that_does_not_exist_is_not_asked_for() -> None:
    assert {one.name for one in measures(Thresholds(), {"fooled": 0})} == {"fooled"}


def test_latency_counts_only_if_it_is_limited() -> None:
    assert "p99_ms" not in found(Thresholds(), p99_ms=1e9)
    assert not found(Thresholds(p99_ms=2.5))["p99_ms"].met


def test_a_limit_that_forgives_more_than_the_default_is_marked() -> None:
    loosened = [
        one.name
        for one in found(Thresholds(agreement=0.95, fooled=1, missed=0, p99_ms=9)).values()
        if one.loosened
    ]
    assert loosened == ["agreement", "fooled"]


@pytest.mark.parametrize(
    "wrong", [{"agreement": 1.1}, {"fooled": -1}, {"p99_ms": 0}, {"fooled": 0.5}, {"agreed": 1}]
)
def test_a_limit_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Thresholds(**wrong)
