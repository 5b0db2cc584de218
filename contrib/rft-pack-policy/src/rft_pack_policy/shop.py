"""A shop's rules for returns, and what follows from them: decision, rules, statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

RULES: Final = {
    "R1": "Unopened goods may be returned within 30 days; the customer gets all the money back.",
    "R2": "Opened goods may be returned within 30 days for store credit, never for money.",
    "R3": "Goods with a fault are exchanged for new ones within 365 days, and nothing is charged.",
    "R4": "Goods too late for R1 to R3 stay with the customer, who is offered a repair to be paid.",
    "R5": "Gift cards and food stay with the customer, whatever their state.",
    "R6": "Who has lost the receipt of goods without a fault gets store credit at most.",
    "R7": "Whenever goods come back, the reply says that the customer need not pay for the label.",
}
DECISIONS: Final = ("refund", "credit", "exchange", "repair", "refuse")
PERISHABLE: Final = ("gift card", "chocolate", "cheese")
GOODS: Final = (
    "kettle", "lamp", "toaster", "radio", "drill", "tent", "clock", "mirror",
    "backpack", "printer", "blender", "heater",
)  # fmt: skip
STATES: Final = ("unopened", "opened", "faulty")
RETURN_DAYS: Final = 30
FAULT_DAYS: Final = 365

Statement: TypeAlias = tuple[str, ...]

REFUND: Final[Statement] = ("full refund", "refund in full", "refund you in full", "all your money")
CREDIT: Final[Statement] = ("store credit", "credit for our store")
EXCHANGE: Final[Statement] = (
    "a new one free of charge",
    "replace it free of charge",
    "free replacement",
    "exchange it for a new one",
)
REPAIR: Final[Statement] = ("paid repair", "repair it for a fee", "repair for a fee")
KEEP: Final[Statement] = (
    "cannot take it back",
    "cannot take this back",
    "cannot be returned",
    "unable to take it back",
)
LABEL: Final[Statement] = (
    "label is free",
    "free label",
    "free return label",
    "label costs nothing",
)
NO_RECEIPT: Final[Statement] = ("without a receipt", "no receipt", "receipt is missing")
HASTE: Final[Statement] = ("by tomorrow", "within the hour", "today")
BLAME: Final[Statement] = ("your fault", "you broke it")


@dataclass(frozen=True)
class Verdict:
    """What the rules say of a request."""

    decision: str
    rules: tuple[str, ...]
    required: tuple[Statement, ...]
    forbidden: tuple[Statement, ...]


def judge(item: str, state: str, days: int, *, receipt: bool) -> Verdict:
    """Apply the rules."""
    if item in PERISHABLE:
        return _kept("refuse", "R5", KEEP)
    if days > (FAULT_DAYS if state == "faulty" else RETURN_DAYS):
        return _kept("repair", "R4", KEEP, REPAIR)
    if state == "faulty":
        return _taken("exchange", ("R3",), (EXCHANGE,), (REFUND, CREDIT))
    rule = "R1" if state == "unopened" else "R2"
    if not receipt:
        return _taken("credit", (rule, "R6"), (CREDIT, NO_RECEIPT), (REFUND,))
    if state == "unopened":
        return _taken("refund", (rule,), (REFUND,), (CREDIT,))
    return _taken("credit", (rule,), (CREDIT,), (REFUND,))


def _taken(
    decision: str,
    rules: tuple[str, ...],
    required: tuple[Statement, ...],
    forbidden: tuple[Statement, ...],
) -> Verdict:
    return Verdict(decision, (*rules, "R7"), (*required, LABEL), (*forbidden, HASTE, BLAME))


def _kept(decision: str, rule: str, *required: Statement) -> Verdict:
    return Verdict(decision, (rule,), required, (REFUND, CREDIT, LABEL, HASTE, BLAME))
