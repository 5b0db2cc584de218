"""What a grading found, as a table and in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft_core.cli.tables import number
from rft_core.regrade.moves import Move
from rft_core.regrade.tally import SCORED, BeforeAfter, GradingTally, Scores


def print_report(out: Console, tally: GradingTally) -> None:
    """Print scores before and after, what moved, and how rankings changed."""
    if not tally.rows:
        return
    out.print(_table(tally))
    for line in (*_moves(tally), *_ranking(tally)):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if tally.failed:
        text = f"graders failed on {tally.failed:,} of {_rows(tally.rows)}; they are no zeros"
        out.print(f"warning: {text}", style="yellow", markup=False)


def _table(tally: GradingTally) -> Table:
    compares = bool(tally.reward.before.outcomes)
    header = ("", "before", "after" if compares else "mean", "change", "not scored")
    rows = [(name, *_cells(scores)) for name, scores in _scores(tally)]
    shown = (True, compares, True, compares, any(row[-1] for row in rows))
    table = Table(*compress(header, shown), title=_rows(tally.rows))
    for row in rows:
        table.add_row(*map(Text, compress(row, shown)))
    return table


def _scores(tally: GradingTally) -> Iterator[tuple[str, BeforeAfter]]:
    yield "reward", tally.reward
    for task, scores in sorted(tally.tasks.items()):
        yield f"  {task}", scores
    yield from tally.graders.items()


def _mean(scores: Scores) -> float | None:
    mean: float | None = scores.summary()["mean"]
    return mean


def _cells(scores: BeforeAfter) -> tuple[str, str, str, str]:
    before, after = number(_mean(scores.before)), number(_mean(scores.after))
    return before, after, _change(scores), _others(scores.after)


def _change(scores: BeforeAfter) -> str:
    """Return the mean difference, and of how many rows if that is not of all that have a score."""
    mean = _mean(scores.change)
    if mean is None:
        return ""
    both = scores.change.outcomes[SCORED]
    all_rows = both == scores.before.outcomes[SCORED] == scores.after.outcomes[SCORED]
    return f"{mean:+.3f}" if all_rows else f"{mean:+.3f} ({_rows(both)})"


def _rows(count: int) -> str:
    return _count(count, "row")


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _others(scores: Scores) -> str:
    """Return the outcomes that are no scores."""
    others = (f"{count:,} {word}" for word, count in scores.outcomes.items() if word != SCORED)
    return ", ".join(others)


def _moves(tally: GradingTally) -> Iterator[str]:
    counts = tally.moved.counts
    if not counts["compared"]:
        return
    share = f"{counts['moved']:,} of {_count(counts['compared'], 'reward')} changed"
    kinds = (f"{counts[kind]:,} {kind}" for kind in ("up", "down", "masked", "unmasked"))
    yield f"{share}: {', '.join(kinds)}" if counts["moved"] else share
    for move in tally.moved.largest:
        line = f"  {move.where} ({move.item}): {number(move.old)} → {number(move.new)}{_why(move)}"
        yield "".join(sign if sign.isprintable() else " " for sign in line)


def _why(move: Move) -> str:
    if move.graders is None:
        return ""
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
        f"of {_count(ranking.groups, 'group')} of one item's completions, {ranking.new_best:,} "
        f"{'has' if ranking.new_best == 1 else 'have'} another best one now, and "
        f"{ranking.reordered:,} another order ({ranking.discordant:,} of "
        f"{_count(ranking.pairs, 'pair')} turned round)"
    )
