"""A calibration from gradings."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rft_core.calibration.agreement import Scored, measure_agreement, measure_bias
from rft_core.calibration.gradings import GradedCase, Range
from rft_core.calibration.repeats import measure_ranking, measure_stability
from rft_core.calibration.result import Calibration, Cause, Disagreement, Measures, Outcomes
from rft_core.calibration.verdict import decide
from rft_core.evaluation import CAUSE_CHARS, grader_statistics
from rft_core.grading.boundary import GraderCall
from rft_core.types import Grade

WORST: Final = 5


def measure(graded: Sequence[GradedCase], threshold: float) -> Measures:
    """Measure everything. Errors are no scores: they are counted, and left out of the rest."""
    scored = Scored([case for case in graded if case.mean is not None])
    grades = [grade for case in graded for grade in case.grades]
    return Measures(
        outcomes=_outcomes(grades, scored),
        agreement=measure_agreement(scored, threshold),
        bias=measure_bias(scored),
        stability=measure_stability(scored, threshold),
        ranking=measure_ranking(scored),
        metrics=grader_statistics(grades).get("metrics", {}),
        worst=_worst(scored),
    )


def summarize(
    call: GraderCall,
    graded: Sequence[GradedCase],
    *,
    cases_file: Path,
    human_range: Range,
    threshold: float,
) -> Calibration:
    """Return the calibration of a grader, with its verdict."""
    measures = measure(graded, threshold)
    verdict = decide(measures, len(graded))
    warnings = (*_warnings(call, graded), *verdict.notes)
    return Calibration(
        grader=call.grader.name,
        version=call.grader.version,
        distribution=call.distribution,
        config=json.loads(call.grader.config.model_dump_json()),  # infinity becomes null
        cases_file=str(cases_file),
        cases=len(graded),
        items=len({one.case.item.id for one in graded}),
        human_range=human_range,
        pass_threshold=threshold,
        repeats=len(graded[0].grades),
        measures=measures,
        verdict=replace(verdict, notes=warnings),
        graded=[_row(case) for case in graded],
    )


def _outcomes(grades: Sequence[Grade], scored: Scored) -> Outcomes:
    counts = Counter(grade.outcome for grade in grades)
    return Outcomes(
        gradings=len(grades),
        graded=counts["graded"],
        not_applicable=counts["not_applicable"],
        error=counts["error"],
        stopped=sum(grade.error is not None and grade.error.kind == "stop" for grade in grades),
        graded_cases=len(scored.cases),
        graded_items=len(scored.items),
        causes=_causes(grades),
    )


def _causes(grades: Sequence[Grade]) -> list[Cause]:
    """Return each cause once, the most frequent first; messages may differ late (by an id)."""
    errors = [grade.error for grade in grades if grade.error is not None]
    texts: dict[tuple[str, str], str] = {}
    for error in errors:
        texts.setdefault((error.kind, error.message[:CAUSE_CHARS]), str(error))
    counts = Counter((error.kind, error.message[:CAUSE_CHARS]) for error in errors)
    return [Cause(texts[key], count) for key, count in counts.most_common()]


def _worst(scored: Scored) -> list[Disagreement]:
    """Return the cases on which grader and people are furthest apart, if they are at all."""
    found = [
        Disagreement(one.case.where, one.case.id, one.human, mean, _reason(one))
        for one in scored.cases
        if (mean := one.mean) is not None and mean != one.human
    ]
    found.sort(key=lambda one: -abs(one.grader - one.human))
    return found[:WORST]


def _reason(case: GradedCase) -> str | None:
    """Return the reason of the score that is furthest from people's."""
    known = [
        (-abs(score - case.human), grade.reason)
        for score, grade in zip(case.scores, case.grades, strict=True)
        if score is not None and grade.reason
    ]
    return min(known)[1] if known else None


def _warnings(call: GraderCall, graded: Sequence[GradedCase]) -> list[str]:
    low, high = call.grader.score_range
    outside = [s for case in graded for s in case.known if not 0 <= s <= 1]
    if math.isfinite(high - low) or not outside:
        return []
    scores = f"the grader declares no range and gives scores such as {outside[0]:.6g}"
    return [f"{scores}: they were not brought to the scale from 0 to 1; rely on ranks only"]


def _row(case: GradedCase) -> Mapping[str, Any]:
    return {
        "where": case.case.where,
        "id": case.case.id,
        "item": case.case.item.id,
        "human": case.human,
        "grader": case.mean,
        "scores": case.scores,
        "reasons": [grade.reason for grade in case.grades],
        "errors": [None if grade.error is None else str(grade.error) for grade in case.grades],
    }
