"""What a check of a grader found, told so that its author can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of the contract: what was sent, what came back, what was wanted, how to mend it.

    `check` is the name of the check that found it.
    """

    check: str
    sent: str
    got: str
    contract: str
    fix: str

    def __str__(self) -> str:
        return (
            f"{self.check}: {self.contract}\n"
            f"  sent: {self.sent}\n"
            f"  got:  {self.got}\n"
            f"  fix:  {self.fix}"
        )


class ContractViolationError(AssertionError):
    """A grader breaks the contract; `findings` say how."""

    def __init__(self, grader: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        told = "\n".join(str(finding) for finding in findings)
        super().__init__(f"grader {grader!r} breaks the contract in {len(findings)} ways:\n{told}")
