"""Whether there is anything to learn from the last steps: errors, cut-offs, equal scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from rft_core.run.health.recent import Recent
from rft_core.run.health.rows import Row, about, known_graders, number
from rft_core.run.health.warning import Code, GraderFacts, HealthWarning

ERROR_SHARE: Final = 0.05
"""Above what a service loses now and then; far below the `max_error_rate` that stops a run."""
MASKED_SHARE: Final = 0.1
"""Masked samples cost as much as others and teach nothing."""
ZERO_VARIANCE_REWARD: Final = 0.75
"""Three of four groups without any gradient: a step learns a quarter of what it could."""
ZERO_VARIANCE_GRADER: Final = 0.9
"""Higher than for rewards: one of several graders may rest while the others teach."""
SATURATED_ITEMS: Final = 0.7
CLIPPED_SHARE: Final = 0.25
"""A few completions are always cut off, more so at the beginning of a run."""
AT_TOP: Final = 0.05
"""A mean score this near to the highest one, as a share of the range, is at the top."""


def learning(
    task: str, recent: Recent, facts: Mapping[str, GraderFacts], limit: int | None
) -> Iterator[HealthWarning]:
    """Return what keeps the last steps of one task from teaching; `limit` is that of lengths."""
    if not recent.steps:
        return
    _, newest = recent.steps[-1]
    failing = [
        warning
        for name, fact, label in known_graders(task, newest, facts)
        for warning in _errors(name, label, recent)
    ]
    yield from failing
    if not failing:
        yield from _masked(task, recent)
    yield from _reward(task, recent)
    yield from _clipped(task, recent, limit)
    for name, fact, label in known_graders(task, newest, facts):
        if fact.role == "weighted":
            yield from _grader(name, fact, label, recent)


def _errors(name: str, label: str, recent: Recent) -> Iterator[HealthWarning]:
    share = recent.share(partial(_error_share, name))
    if share and share.value >= ERROR_SHARE:
        yield HealthWarning(
            Code.GRADER_ERRORS,
            f"grader `{label}` failed on {share.percent()} of the samples that it was to grade "
            f"{share.steps()}: see `error` in samples/ for why",
            f"{Code.GRADER_ERRORS}:{label}",
        )


def _error_share(name: str, section: Row) -> float | None:
    grader = (section.get("graders") or {}).get(name)
    samples = number(section, "samples")
    if grader is None or samples is None:
        return None
    idle = (number(grader, "not_run") or 0.0) + (number(grader, "not_applicable") or 0.0)
    graded = samples - idle
    return (number(grader, "error") or 0.0) / graded if graded > 0 else None


def _masked(task: str, recent: Recent) -> Iterator[HealthWarning]:
    share = recent.share(_masked_share)
    if share and share.value >= MASKED_SHARE:
        yield HealthWarning(
            Code.MASKED_SAMPLES,
            f"{about(task)}{share.percent()} of the samples had no reward {share.steps()}, and "
            "not because of errors: no weighted grader applies to them, or the formula has no "
            "value. `masked` in samples/ says which",
            f"{Code.MASKED_SAMPLES}:{task}",
        )


def _masked_share(section: Row) -> float | None:
    masked, samples = number(section, "reward", "masked"), number(section, "samples")
    return None if masked is None or not samples else masked / samples


def _reward(task: str, recent: Recent) -> Iterator[HealthWarning]:
    """Tell of groups without variance: of those that pass, or else of all."""
    saturated = recent.share(_at("saturated"))
    if saturated and saturated.value >= SATURATED_ITEMS:
        yield HealthWarning(
            Code.SATURATED_ITEMS,
            f"{about(task)}the policy always passes {saturated.percent()} of the items "
            f"{saturated.steps()}: harder items would teach it more",
            f"{Code.SATURATED_ITEMS}:{task}",
        )
        return
    same = recent.share(_at("zero_variance_groups"))
    if same and same.value >= ZERO_VARIANCE_REWARD:
        passing = f", of which {saturated.percent()} passed throughout" if saturated else ""
        yield HealthWarning(
            Code.ZERO_VARIANCE_REWARD,
            f"{about(task)}all samples of a group got the same reward in {same.percent()} of "
            f"groups {same.steps()}{passing}: nothing is learned from these. Take items that the "
            "policy solves sometimes, more samples per item, or a reward with steps in between",
            f"{Code.ZERO_VARIANCE_REWARD}:{task}",
        )


def _clipped(task: str, recent: Recent, limit: int | None) -> Iterator[HealthWarning]:
    share = recent.share(_at("clipped"))
    if share and share.value >= CLIPPED_SHARE:
        tokens = f" of {limit} tokens" if limit else ""
        yield HealthWarning(
            Code.CLIPPED_COMPLETIONS,
            f"{about(task)}{share.percent()} of completions were cut off at the length limit"
            f"{tokens} {share.steps()}, so unfinished answers were graded: raise "
            "`max_completion_length`, or penalise length",
            f"{Code.CLIPPED_COMPLETIONS}:{task}",
        )


def _grader(name: str, fact: GraderFacts, label: str, recent: Recent) -> Iterator[HealthWarning]:
    """Tell of a grader that does not tell the samples of a group apart."""
    same = recent.share(_at("graders", name, "zero_variance_groups"))
    mean = recent.share(_at("graders", name, "mean"))
    if not same or not mean or same.value < ZERO_VARIANCE_GRADER:
        return
    stuck = (
        f"grader `{label}` gave the same score to all samples of {same.percent()} of groups "
        f"{same.steps()}"
    )
    if mean.value >= fact.high - AT_TOP * (fact.high - fact.low):
        yield HealthWarning(
            Code.SATURATED_GRADER,
            f"{stuck}, nearly always its highest: the policy has learned what it asks for. As a "
            "guard it may stay; otherwise use a stricter one, or harder items",
            f"{Code.SATURATED_GRADER}:{label}",
        )
    else:
        yield HealthWarning(
            Code.ZERO_VARIANCE_GRADER,
            f"{stuck} (mean {mean.value:.3g}): there is nothing to learn from it. Check that it "
            "reads the completions as you mean, or take items of which the policy gets some right",
            f"{Code.ZERO_VARIANCE_GRADER}:{label}",
        )


def _at(*path: str) -> Callable[[Row], float | None]:
    return lambda section: number(section, *path)
