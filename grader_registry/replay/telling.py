"""What moved, in words."""

from __future__ import annotations

from collections.abc import Iterator

from grader_registry.replay.moves import Moves, Pair, word
from grader_registry.subject import Score
from rft_core.testing.wording import one_line


def lines_of(moves: Moves, what: str, shown: int) -> Iterator[str]:
    """Yield how many cases or samples moved, the largest moves, and how rankings changed."""
    if not moves.pairs:
        yield f"no {what}s to compare"
        return
    facts = moves.summary()
    compared = f"{facts['compared']:,} {what}{'' if facts['compared'] == 1 else 's'}"
    if not facts["moved"]:
        yield f"no score moves: {compared} compared"
        return
    yield (
        f"{facts['moved']:,} of {compared} move: {facts['rose']:,} up, {facts['fell']:,} down or "
        "to no score"
    )
    if facts["mean_change"] is not None:
        means = " -> ".join(_short(facts[key]["mean"]) for key in ("old", "new"))
        yield f"  mean {means}, by {facts['mean_change']:+.4g} where both have a score"
    for pair in moves.moved[:shown]:
        yield f"  {told(pair)}"
    if facts["moved"] > shown:
        yield f"  and {facts['moved'] - shown:,} more"
    yield from _ranking(moves)


def told(pair: Pair) -> str:
    """Return one move: where, from what to what."""
    old, new = (_short(score) for score in (pair.old, pair.new))
    if old == new:
        old, new = (str(word(score)) for score in (pair.old, pair.new))
    change = "" if pair.difference is None else f" ({pair.difference:+.4g})"
    return f"{one_line(pair.where)}: {old} -> {new}{change}"


def _ranking(moves: Moves) -> Iterator[str]:
    ranking = moves.ranking
    if ranking.reordered or ranking.new_best:
        yield (
            f"  of {ranking.groups:,} groups of one item's completions, {ranking.new_best:,} get "
            f"another best one, and {ranking.reordered:,} another order "
            f"({ranking.discordant:,} of {ranking.pairs:,} pairs turned round)"
        )


def _short(score: Score) -> str:
    found = word(score)
    return found if isinstance(found, str) else f"{found:.4g}"
