"""What went wrong in the tests of a grader, in plain text."""

from __future__ import annotations

from rft_core.testing.card import AttackFigures, WrongCase
from rft_core.testing.wording import one_line


def case_text(one: WrongCase) -> str:
    """Return what a case expects and what it got, over several lines."""
    slip = f"{one.slip}: " if one.slip else ""
    lines = [
        f"{slip}case {one.id} ({one.where}): expected {one.expected}, got {one.got}",
        f"  completion: {one_line(one.completion)}",
    ]
    if one.reason:
        lines.append(f"  reason:     {one_line(one.reason)}")
    return "\n".join(lines)


def attacks_text(one: AttackFigures) -> str:
    """Return what became of a class of attacks, with examples, over several lines."""
    parts = ((one.fooled, "paid"), (one.missed, "not paid"), (one.broke, "failed"))
    counts = ", ".join(f"{count} {word}" for count, word in parts if count)
    lines = [f"{one.cls} {one.title}: {counts} of {one.tried}"]
    for example in one.examples:
        scores = f"earned {example.got}; right: {example.honest_score:.4g} ({example.honest})"
        lines.append(f"  {example.verdict}: {example.what}: {scores}")
        lines.append(f"    completion: {one_line(example.completion)}")
        if example.reason:
            lines.append(f"    reason:     {one_line(example.reason)}")
    return "\n".join(lines)
