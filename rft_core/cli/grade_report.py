"""What a grading found, as a table and in words."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft_core.cli.tables import number
from rft_core.regrade.moves import Move
from rft_core.regrade.tally import SCORED, BeforeAfter, GradingTally, Scores


def print_report(out: Console, tally: GradingTally) -> None:
    """Print scores before and after, what moved, and how rankings changed."""
    out.print(_table(tally))
    for line in (*_moves(tally), *_ranking(tally)):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if tally.failed:
        text = f"graders failed on {tally.failed:,} of {tally.rows:,} rows; they are no zeros"
        out.print(f"warning: {text}", style="yellow", markup=False)


def _table(tally: GradingTally) -> Table:
    compares = bool(tally.reward.before.outcomes)
    names = ("", "before", "after", "change", "") if compares else ("", "mean", "")
    table = Table(*names, title=f"{tally.rows:,} rows")
    for name, scores in _rows(tally):
        before, after = _mean(scores.before), _mean(scores.after)
        cells = [number(before), number(after), _difference(before, after)]
        shown = cells if compares else [number(after)]
        table.add_row(*map(Text, (name, *shown, _others(scores.after))))
    return table


def _rows(tally: GradingTally) -> Iterator[tuple[str, BeforeAfter]]:
    yield "reward", tally.reward
    for task, scores in sorted(tally.tasks.items()):
        yield f"  {task}", scores
    yield from tally.graders.items()


def _mean(scores: Scores) -> float | None:
    mean: float | None = scores.summary()["mean"]
    return mean


def _difference(before: float | None, after: float | None) -> str:
    return "" if before is None or after is None else f"{after - before:+.3f}"


def _others(scores: Scores) -> str:
    """Return the outcomes that are no scores."""
    others = (f"{count:,} {word}" for word, count in scores.outcomes.items() if word != SCORED)
    return ", ".join(others)


def _moves(tally: GradingTally) -> Iterator[str]:
    counts = tally.moved.counts
    if not counts["compared"]:
        return
    share = f"{counts['moved']:,} of {counts['compared']:,} rewards changed"
    kinds = (f"{counts[kind]:,} {kind}" for kind in ("up", "down", "masked", "unmasked"))
    yield f"{share}: {', '.join(kinds)}" if counts["moved"] else share
    for move in tally.moved.largest:
        line = f"  {move.where} ({move.item}): {number(move.old)} → {number(move.new)}{_why(move)}"
        yield "".join(sign if sign.isprintable() else " " for sign in line)


def _why(move: Move) -> str:
    if not move.graders:
        return "  by the composition, not by a score"
    return "  " + "; ".join(
        f"{name} {_value(change.old)} → {_value(change.new)}{_reason(change.reason)}"
        for name, change in move.graders.items()
    )


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _reason(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _ranking(tally: GradingTally) -> Iterator[str]:
    ranking = tally.ranking
    if not ranking.groups:
        return
    yield (
        f"in {ranking.new_best:,} of {ranking.groups:,} groups another completion is best now; "
        f"{ranking.reordered:,} groups are ordered otherwise "
        f"({ranking.discordant:,} of {ranking.pairs:,} pairs turned round)"
    )
