"""Compares collections: lists, sets, tuples, ratios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.base import Base
from rft_grader_math.comparing.exact import exact
from rft_grader_math.nodes import Group, GroupKind, Node, Relation

ORDERED: Final = frozenset({"paren", "bracket", "angle"})


class Groups(Base):
    """Elements in order or in any order, as the kind of the collection wants it."""

    def _same_group(self, gold: Group, answer: Group) -> bool:
        label, gold = _unlabelled(shapes.flattened(gold))
        other, answer = _unlabelled(shapes.flattened(answer))
        if label is not None and other is not None and label != other:
            return False
        if are_labelled(gold) != are_labelled(answer) and gold.kind == answer.kind == "list":
            return self._same_items(gold.items, answer.items)
        if not self._kinds_fit(gold.kind, answer.kind):
            return False
        if gold.kind in ORDERED or answer.kind in ORDERED or self._policy.collections == "loose":
            return self._same_items(gold.items, answer.items)
        if "set" in {gold.kind, answer.kind}:
            return self._covers(gold.items, answer.items) and self._covers(answer.items, gold.items)
        return self._same_elements(gold.items, answer.items)

    def _same_elements(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        """Compare in any order; the answer may repeat itself if the gold does not."""
        if len(gold) == len(answer):
            return self._matches(gold, answer)
        distinct = list(dict.fromkeys(answer))
        return len(distinct) == len(gold) < len(answer) and self._matches(gold, distinct)

    def _kinds_fit(self, gold: GroupKind, answer: GroupKind) -> bool:
        if gold == answer or self._policy.collections == "loose":
            return True
        kinds = {gold, answer}
        if "braces" in kinds:
            return "bracket" not in kinds and "angle" not in kinds
        return "listing" in kinds and kinds <= {"listing", "list", "set"}

    def _covers(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        self._depth += 1
        try:
            return all(self._find(item, second) is not None for item in first)
        finally:
            self._depth -= 1

    def _proportional(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        """Whether `7:32` and `14:64` are the same ratio; times of day and zeros are not scaled."""
        values = [[exact(part) for part in parts] for parts in (first, second)]
        if len(first) != len(second) or not all(value for row in values for value in row):
            return False
        quotients = {a / b for a, b in zip(*values, strict=True) if a is not None and b}
        return len(quotients) == 1


def _unlabelled(group: Group) -> tuple[Node | None, Group]:
    """Return `n = 2, 3, 4` as n and `2, 3, 4`."""
    first, *rest = group.items
    if are_labelled(group):
        (label, _), *others = (item.members for item in group.items)  # type: ignore[union-attr]
        if all(members[0] == label for members in others) and shapes.is_label(label):
            return label, Group(group.kind, tuple(item.members[1] for item in group.items))  # type: ignore[union-attr]
        return None, group
    if (
        group.kind == "list"
        and isinstance(first, Relation)
        and first.operators == ("=",)
        and shapes.is_label(first.members[0])
        and not any(isinstance(item, Relation) for item in rest)
    ):
        return first.members[0], Group(group.kind, (first.members[1], *rest))
    return None, group


def are_labelled(group: Group) -> bool:
    """Whether every element says what it is the value of: `x = 1, y = 2`."""
    return all(isinstance(item, Relation) and item.operators == ("=",) for item in group.items)
