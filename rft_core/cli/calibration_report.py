"""A calibration as a table and a verdict in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft_core.calibration import verdict as limits
from rft_core.calibration.result import Calibration, Estimate, Measures
from rft_core.cli.tables import number

Line = tuple[str, str, str, str]
"""Measure, value, 95% interval, what is wanted."""

MAX_REASON: Final = 200
STYLES: Final = {"fit": "green", "not fit": "red", "not enough evidence": "yellow"}


def print_calibration(out: Console, found: Calibration) -> None:
    """Print everything, the verdict last."""
    title = f"{found.grader} {found.version} ({found.distribution})"
    counts = f"{found.cases} cases of {found.items} items, graded {found.repeats} times each"
    _say(out, f"{title}: {counts}")
    table = Table("", "value", "95% interval", "wanted")
    for line in _lines(found.measures):
        table.add_row(*map(Text, line))
    out.print(table)
    _print_errors(out, found.measures)
    _print_worst(out, found.measures)
    for note in found.verdict.notes:
        _say(out, f"note: {note}", "yellow")
    _print_verdict(out, found)


def _lines(measures: Measures) -> Iterator[Line]:
    outcomes = measures.outcomes
    yield "gradings", str(outcomes.gradings), "", ""
    yield "  not applicable", str(outcomes.not_applicable), "", ""
    share = f"{outcomes.error} ({outcomes.error_rate:.0%})"
    yield "  errors", share, "", f"at most {limits.MAX_ERRORS:.0%}"
    yield from _agreement(measures)
    yield from _ranking(measures)
    yield from _bias(measures)
    for name, mean in measures.metrics.items():
        yield f"mean of its {name}", number(mean), "", ""


def _agreement(measures: Measures) -> Iterator[Line]:
    found = measures.agreement
    binary = found.human_levels == limits.BINARY
    spearman = f"at least {limits.MIN_SPEARMAN}, interval from {limits.MIN_SPEARMAN_LOW}"
    auc = f"at least {limits.MIN_AUC}, interval from {limits.MIN_AUC_LOW}"
    kappa = f"at least {limits.MIN_PASS_KAPPA}"
    yield _estimate("Spearman's correlation", found.spearman, "" if binary else spearman)
    yield "Pearson's correlation", number(found.pearson), "", ""
    yield "mean absolute error", number(found.mean_absolute_error), "", ""
    yield "leniency (grader - human)", _signed(found.leniency), "", ""
    yield f"weighted kappa, {found.levels} levels", number(found.weighted_kappa), "", ""
    yield "pass/fail kappa", number(found.pass_kappa), "", "" if binary else kappa
    yield _estimate("ROC AUC", found.auc, auc if binary else "")
    cells = found.confusion
    yield "pass: both, neither", f"{cells.both_pass}, {cells.both_fail}", "", ""
    yield "pass: grader only, human only", f"{cells.only_grader}, {cells.only_human}", "", ""


def _ranking(measures: Measures) -> Iterator[Line]:
    ranking, stability = measures.ranking, measures.stability
    name = f"pairs of an item ranked right, of {ranking.pairs}"
    yield name, _share(ranking.accuracy), "", f"at least {limits.MIN_RANKING:.0%}"
    yield "pairs of an item that flip", _share(stability.ranking_flips), "", ""
    wanted = f"at most {limits.MAX_FLIPS:.0%}"
    yield "cases that flip pass/fail", _share(stability.pass_flips), "", wanted
    yield "std over repeats, mean", number(stability.mean_std), "", ""
    yield "std over repeats, highest", number(stability.max_std), "", ""


def _bias(measures: Measures) -> Iterator[Line]:
    wanted = f"below {limits.MAX_BIAS}, or interval around 0"
    yield _estimate("error with length", measures.bias.length, wanted)
    yield _estimate("score with place in the batch", measures.bias.position, wanted)


def _estimate(name: str, found: Estimate, wanted: str) -> Line:
    known = found.low is not None and found.high is not None
    ends = f"{number(found.low)} to {number(found.high)}" if known else "-"
    return name, number(found.value), ends, wanted


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _print_errors(out: Console, measures: Measures) -> None:
    for cause in measures.outcomes.causes:
        _say(out, f"warning: {cause.count} x {cause.text}", "yellow")


def _print_worst(out: Console, measures: Measures) -> None:
    if measures.worst:
        _say(out, "Largest disagreements:")
    for one in measures.worst:
        scores = f"human {one.human:.2f}, grader {one.grader:.2f}"
        _say(out, f"  {one.where} ({one.id}): {scores}{_why(one.reason)}")


def _why(reason: str | None) -> str:
    if reason is None:
        return ""
    line = " ".join(reason.split())
    return f": {line[:MAX_REASON]}…" if len(line) > MAX_REASON else f": {line}"


def _print_verdict(out: Console, found: Calibration) -> None:
    _say(out, f"Verdict: {found.verdict.word}", f"bold {STYLES[found.verdict.word]}")
    for reason in found.verdict.reasons:
        _say(out, f"  {reason}")


def _say(out: Console, text: str, style: str = "") -> None:
    """Print a line that is not broken where there is no terminal, so that it can be searched."""
    out.print(Text(text), style=style, soft_wrap=True)
