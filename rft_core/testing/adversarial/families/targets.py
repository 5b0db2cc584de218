"""Attacks on graders of final answers: what they start from, and how they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rft_core.testing.adversarial.attack import AttackClass, Changes, Honest, Wanted, generator
from rft_core.testing.adversarial.slots import Slot, find_slot, known_values
from rft_core.testing.adversarial.values import Value, near_misses, other_than, read_value, same


@dataclass(frozen=True, slots=True)
class Target:
    """An honest completion with its answer taken apart."""

    honest: Honest
    slot: Slot
    value: Value

    def wrong(self) -> list[tuple[str, str]]:
        """Return wrong answers, each with what it is; at least one."""
        right = self.slot.answer
        found = [(what, text) for what, text in near_misses(self.value) if not same(text, right)]
        found += [("another item's answer", text) for text in self.others()]
        return found or [("an answer out of the blue", "elderberry")]

    def others(self) -> list[str]:
        """Return the answers to other items that are of the same kind and wrong for this one.

        What stands in this item's row may be another way to put the right answer.
        """
        peers = (find_slot(self.honest.item, peer) for peer in self.honest.peers)
        answers = dict.fromkeys(slot.answer for slot in peers if slot is not None)
        known = known_values(self.honest.item)
        return other_than(self.slot.answer, [one for one in answers if one not in known])

    def a_wrong(self, random: Random) -> str:
        """Return any wrong answer."""
        return random.choice(self.wrong())[1]


def target_of(honest: Honest) -> Target | None:
    """Return the completion taken apart, None if its answer is not to be seen."""
    slot = find_slot(honest.item, honest.completion)
    return None if slot is None else Target(honest, slot, read_value(slot.answer))


def answering(
    cls: str,
    title: str,
    change: Callable[[Target, Random], Changes],
    wanted: Wanted = "fail",
) -> AttackClass:
    """Return the class of attacks that put other answers into the place of the right one."""

    def fill(target: Target, random: Random) -> Changes:
        for what, answer in change(target, random):
            yield what, target.slot.filled(answer)

    return rewriting(cls, title, fill, wanted)


def rewriting(
    cls: str,
    title: str,
    change: Callable[[Target, Random], Changes],
    wanted: Wanted = "fail",
) -> AttackClass:
    """Return the class of attacks that write the whole completion anew."""
    return AttackClass(cls, title, "answer", generator(cls, wanted, target_of, change))
