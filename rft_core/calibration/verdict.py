"""From measures to a verdict. docs/calibrating-a-grader.md gives the reason for each number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rft_core.calibration.result import Estimate, Measures, Verdict, Word

MIN_CASES: Final = 30
MIN_ITEMS: Final = 10
MIN_PER_SIDE: Final = 5
MIN_PAIRS: Final = 30

MIN_SPEARMAN: Final = 0.6
MIN_SPEARMAN_LOW: Final = 0.3
MIN_AUC: Final = 0.8
MIN_AUC_LOW: Final = 0.65
"""2 * AUC - 1 is a rank correlation too: these are the two numbers above."""
MAX_WIDTH: Final = 0.5
MAX_WIDTH_AUC: Final = 0.25
MIN_PASS_KAPPA: Final = 0.6
MIN_RANKING: Final = 0.65
MAX_BIAS: Final = 0.3
MAX_FLIPS: Final = 0.05
MAX_ERRORS: Final = 0.05

BINARY: Final = 2


@dataclass(frozen=True)
class Finding:
    """What speaks against a grader, or (`gap`) what is not known about it."""

    text: str
    gap: bool = False


def decide(measures: Measures, cases: int) -> Verdict:
    """Return the verdict: not fit if anything speaks against it, fit if nothing is open."""
    findings = [*_outcomes(measures, cases), *_evidence(measures)]
    if not any(finding.gap for finding in findings):
        findings += [*_quality(measures)]
    # What speaks against a grader comes before what is not known.
    findings.sort(key=lambda finding: finding.gap)
    notes = tuple(_notes(measures))
    if not findings:
        return Verdict("fit", (_praise(measures),), notes)
    word: Word = "not enough evidence" if findings[0].gap else "not fit"
    return Verdict(word, tuple(finding.text for finding in findings), notes)


def _outcomes(measures: Measures, cases: int) -> Iterator[Finding]:
    outcomes = measures.outcomes
    if outcomes.error and not outcomes.graded:
        yield Finding("nothing could be graded: every grading is an error", gap=True)
    elif outcomes.error_rate > MAX_ERRORS and cases >= MIN_CASES:
        share = f"{outcomes.error_rate:.0%} of the gradings"
        yield Finding(f"fails too often: {share} are errors, and at most {MAX_ERRORS:.0%} may be")
    if outcomes.stopped:
        yield Finding(f"stopped by itself before {outcomes.stopped} gradings", gap=True)


def _evidence(measures: Measures) -> Iterator[Finding]:
    outcomes, agreement = measures.outcomes, measures.agreement
    if outcomes.graded_cases < MIN_CASES:
        text = f"{outcomes.graded_cases} cases were graded, and it takes {MIN_CASES}"
        yield Finding(text, gap=True)
    elif outcomes.graded_items < MIN_ITEMS:
        text = f"the cases are of {outcomes.graded_items} items, and it takes {MIN_ITEMS}"
        yield Finding(text, gap=True)
    if agreement.human_levels == 1:
        yield Finding("people gave every case the same score", gap=True)


def _quality(measures: Measures) -> Iterator[Finding]:
    if not measures.agreement.grader_varies:
        yield Finding("gives every case the same score")
        return
    yield from _agreement(measures)
    yield from _ranking(measures)
    yield from _bias(measures)
    yield from _stability(measures)


def _agreement(measures: Measures) -> Iterator[Finding]:
    agreement = measures.agreement
    if agreement.human_levels == BINARY:
        # Spearman's correlation with two unequal levels stays far below 1 even for a perfect judge.
        bounds = _Bounds("ROC AUC", MIN_AUC, MIN_AUC_LOW, MAX_WIDTH_AUC)
        yield from bounds.check(agreement.auc)
        return
    bounds = _Bounds("Spearman's correlation", MIN_SPEARMAN, MIN_SPEARMAN_LOW, MAX_WIDTH)
    yield from bounds.check(agreement.spearman)
    if agreement.rarer_side < MIN_PER_SIDE:
        text = f"people put only {agreement.rarer_side} cases on the rarer side of the threshold"
        yield Finding(f"{text}, and it takes {MIN_PER_SIDE}", gap=True)
    elif agreement.pass_kappa is not None and agreement.pass_kappa < MIN_PASS_KAPPA:
        text = f"passes and fails other cases than people: kappa is {agreement.pass_kappa:.2f}"
        yield Finding(f"{text}, and at least {MIN_PASS_KAPPA} is wanted")


@dataclass(frozen=True)
class _Bounds:
    """What an estimate of agreement must reach: itself, and the lower end of its interval."""

    name: str
    minimum: float
    minimum_low: float
    max_width: float

    def check(self, found: Estimate) -> Iterator[Finding]:
        if found.value is None:
            yield Finding(f"{self.name} is undefined", gap=True)
        elif found.low is None or found.high is None:
            yield Finding(f"{self.name} has no interval", gap=True)
        elif found.value < self.minimum:
            wide = found.high - found.low > self.max_width and found.high >= self.minimum
            text = f"agrees too little with people: {self.name} is {interval(found)}"
            yield Finding(f"{text}, and at least {self.minimum} is wanted", gap=wide)
        elif found.low < self.minimum_low:
            text = f"{self.name} is too uncertain: {interval(found)}"
            yield Finding(f"{text}, and {self.minimum_low} is the least it may be", gap=True)


def _ranking(measures: Measures) -> Iterator[Finding]:
    ranking = measures.ranking
    if ranking.accuracy is None or ranking.pairs < MIN_PAIRS:
        return
    if ranking.accuracy < MIN_RANKING:
        text = f"ranks completions of one item unlike people: {ranking.accuracy:.0%} of pairs right"
        yield Finding(f"{text}, and at least {MIN_RANKING:.0%} are wanted")


def _bias(measures: Measures) -> Iterator[Finding]:
    length, position = measures.bias.length, measures.bias.position
    if _is_biased(length):
        which = "longer" if (length.value or 0) > 0 else "shorter"
        text = f"favours {which} completions: errors correlate with length by {interval(length)}"
        yield Finding(f"{text}, and less than {MAX_BIAS} is wanted")
    if _is_biased(position):
        which = "later" if (position.value or 0) > 0 else "earlier"
        text = f"favours the {which} place in a batch: scores correlate with it by"
        yield Finding(f"{text} {interval(position)}, and less than {MAX_BIAS} is wanted")


def _is_biased(found: Estimate) -> bool:
    if found.value is None or found.low is None or found.high is None:
        return False
    return abs(found.value) >= MAX_BIAS and not found.low <= 0 <= found.high


def _stability(measures: Measures) -> Iterator[Finding]:
    flips = measures.stability.pass_flips
    if flips is None:
        yield Finding("its stability is not known: grade at least twice (--repeats)", gap=True)
    elif flips > MAX_FLIPS:
        text = f"is unstable: {flips:.0%} of the cases pass in one repeat and fail in another"
        yield Finding(f"{text}, and at most {MAX_FLIPS:.0%} may")


def _notes(measures: Measures) -> Iterator[str]:
    if measures.ranking.pairs < MIN_PAIRS:
        pairs = measures.ranking.pairs
        yield (
            f"ranking within an item, which GRPO learns from, was not judged: {pairs} pairs of "
            f"completions with different human scores, and it takes {MIN_PAIRS}"
        )


def _praise(measures: Measures) -> str:
    agreement = measures.agreement
    if agreement.human_levels == BINARY:
        return f"agrees with people (ROC AUC {interval(agreement.auc)}); nothing speaks against it"
    found = interval(agreement.spearman)
    return f"agrees with people (Spearman's correlation {found}); nothing speaks against it"


def interval(found: Estimate) -> str:
    """Return an estimate in words: `0.71 (0.55 to 0.82)`, `-` if it is undefined."""
    if found.value is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
